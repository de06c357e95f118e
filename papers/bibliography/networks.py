"""Works on neural networks."""

from __future__ import annotations

from papers.bibliography.work import Work

_PMLR = "Proceedings of Machine Learning Research"
_NEURIPS = "Advances in Neural Information Processing Systems"
_ICML = "International Conference on Machine Learning"
_ICLR = "International Conference on Learning Representations"

WORKS = (
    Work(
        "balduzzi2017", "inproceedings",
        ("David Balduzzi", "Marcus Frean", "Lennox Leary", "J. P. Lewis", "Kurt Wan-Duo Ma", "Brian McWilliams"),
        "The shattered gradients problem: If resnets are the answer, then what is the question?", 2017,
        _ICML, _PMLR, volume="70", pages="342-350", arxiv="1702.08591",
    ),
    Work(
        "cho2009", "inproceedings", ("Youngmin Cho", "Lawrence K. Saul"), "Kernel methods for deep learning", 2009,
        _NEURIPS, volume="22", pages="342-350",
    ),
    Work(
        "glorot2010", "inproceedings", ("Xavier Glorot", "Yoshua Bengio"),
        "Understanding the difficulty of training deep feedforward neural networks", 2010,
        "International Conference on Artificial Intelligence and Statistics", _PMLR, volume="9", pages="249-256",
    ),
    Work(
        "hanin2018start", "inproceedings", ("Boris Hanin", "David Rolnick"),
        "How to start training: The effect of initialization and architecture", 2018, _NEURIPS, volume="31",
        arxiv="1803.01719",
    ),
    Work(
        "hanin2018which", "inproceedings", ("Boris Hanin",),
        "Which neural net architectures give rise to exploding and vanishing gradients?", 2018, _NEURIPS, volume="31",
        arxiv="1801.03744",
    ),
    Work(
        "hanin2020products", "article", ("Boris Hanin", "Mihai Nica"),
        "Products of many large random matrices and gradients in deep neural networks", 2020,
        "Communications in Mathematical Physics", volume="376", number="1", pages="287-322",
        doi="10.1007/s00220-019-03624-z", arxiv="1812.05994",
    ),
    Work(
        "he2015", "inproceedings", ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"),
        "Delving deep into rectifiers: Surpassing human-level performance on ImageNet classification", 2015,
        "IEEE International Conference on Computer Vision", pages="1026-1034", doi="10.1109/ICCV.2015.123",
        arxiv="1502.01852",
    ),
    Work(
        "he2016", "inproceedings", ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun"),
        "Deep residual learning for image recognition", 2016, "IEEE Conference on Computer Vision and Pattern "
        "Recognition", pages="770-778", doi="10.1109/CVPR.2016.90", arxiv="1512.03385",
    ),
    Work(
        "ioffe2015", "inproceedings", ("Sergey Ioffe", "Christian Szegedy"),
        "Batch normalization: Accelerating deep network training by reducing internal covariate shift", 2015,
        _ICML, _PMLR, volume="37", pages="448-456", arxiv="1502.03167",
    ),
    Work(
        "jacot2018", "inproceedings", ("Arthur Jacot", "Franck Gabriel", "Clément Hongler"),
        "Neural tangent kernel: Convergence and generalization in neural networks", 2018, _NEURIPS, volume="31",
        arxiv="1806.07572",
    ),
    Work(
        "kingma2015", "inproceedings", ("Diederik P. Kingma", "Jimmy Ba"), "Adam: A method for stochastic optimization",
        2015, _ICLR, arxiv="1412.6980",
    ),
    Work(
        "klambauer2017", "inproceedings",
        ("Günter Klambauer", "Thomas Unterthiner", "Andreas Mayr", "Sepp Hochreiter"),
        "Self-normalizing neural networks", 2017, _NEURIPS, volume="30", arxiv="1706.02515",
    ),
    Work(
        "lecun1998", "incollection", ("Yann LeCun", "Léon Bottou", "Genevieve B. Orr", "Klaus-Robert Müller"),
        "Efficient BackProp", 1998, "Neural Networks: Tricks of the Trade", "Lecture Notes in Computer Science",
        volume="1524", pages="9-50", doi="10.1007/3-540-49430-8_2", publisher="Springer",
    ),
    Work(
        "lee2018", "inproceedings",
        ("Jaehoon Lee", "Yasaman Bahri", "Roman Novak", "Samuel S. Schoenholz", "Jeffrey Pennington",
         "Jascha Sohl-Dickstein"),
        "Deep neural networks as Gaussian processes", 2018, _ICLR, arxiv="1711.00165",
    ),
    Work(
        "lewkowycz2020", "misc",
        ("Aitor Lewkowycz", "Yasaman Bahri", "Ethan Dyer", "Jascha Sohl-Dickstein", "Guy Gur-Ari"),
        "The large learning rate phase of deep learning: The catapult mechanism", 2020, arxiv="2003.02218",
    ),
    Work(
        "poole2016", "inproceedings",
        ("Ben Poole", "Subhaneil Lahiri", "Maithra Raghu", "Jascha Sohl-Dickstein", "Surya Ganguli"),
        "Exponential expressivity in deep neural networks through transient chaos", 2016, _NEURIPS, volume="29",
        pages="3360-3368", arxiv="1606.05340",
    ),
    Work(
        "saxe2014", "inproceedings", ("Andrew M. Saxe", "James L. McClelland", "Surya Ganguli"), "Exact solutions to the "
        "nonlinear dynamics of learning in deep linear neural networks", 2014, _ICLR, arxiv="1312.6120",
    ),
    Work(
        "shang2016", "inproceedings", ("Wenling Shang", "Kihyuk Sohn", "Diogo Almeida", "Honglak Lee"),
        "Understanding and improving convolutional neural networks via concatenated rectified linear units", 2016,
        _ICML, _PMLR, volume="48", pages="2217-2225", arxiv="1603.05201",
    ),
    Work(
        "sussillo2014", "misc", ("David Sussillo", "L. F. Abbott"),
        "Random walk initialization for training very deep feedforward networks", 2014, arxiv="1412.6558",
    ),
    Work(
        "xiao2018", "inproceedings",
        ("Lechao Xiao", "Yasaman Bahri", "Jascha Sohl-Dickstein", "Samuel S. Schoenholz", "Jeffrey Pennington"),
        "Dynamical isometry and a mean field theory of CNNs: How to train 10,000-layer vanilla convolutional neural "
        "networks", 2018, _ICML, _PMLR, volume="80", pages="5393-5402", arxiv="1806.05393",
    ),
    Work(
        "yang2019", "misc", ("Greg Yang",),
        "Scaling limits of wide neural networks with weight sharing: Gaussian process behavior, gradient independence, "
        "and neural tangent kernel derivation", 2019, arxiv="1902.04760",
    ),
)  # fmt: skip
