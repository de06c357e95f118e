"""Samplers of random networks: one law, several prices; each rung is tested against the one above it.

``direct`` draws real weight matrices; ``streams`` gives every block its own random numbers; ``devices`` says
where and in which precision the work is done.
"""
