"""Samplers of random networks: one law, several prices; each rung is tested against the one above it.

    direct       real weight matrices                                   O(n^2) a layer   every network
    conditioned  what the passes reveal of them, drawn when it is needed  O(n k^2)         Gaussian weights
    radial       the norm of the signal alone                            O(1)            log-norm walks

``passes`` runs the equations of a network, whatever stands for its matrices; ``streams`` gives every block its own
random numbers; ``devices`` says where and in which precision the work is done.
"""
