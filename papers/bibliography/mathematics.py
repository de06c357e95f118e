"""Works on probability, statistics and computing."""

from __future__ import annotations

from papers.bibliography.work import Work

WORKS = (
    Work(
        "bayati2011", "article", ("Mohsen Bayati", "Andrea Montanari"), "The dynamics of message passing on dense graphs, "
        "with applications to compressed sensing", 2011, "IEEE Transactions on Information Theory", volume="57", number="2",
        pages="764-785", doi="10.1109/TIT.2010.2094817", arxiv="1001.3448",
    ),
    Work(
        "bhatia2000", "article", ("Rajendra Bhatia", "Chandler Davis"), "A better bound on the variance", 2000,
        "The American Mathematical Monthly", volume="107", number="4", pages="353-357",
        doi="10.1080/00029890.2000.12005203",
    ),
    Work(
        "boucheron2013", "book", ("Stéphane Boucheron", "Gábor Lugosi", "Pascal Massart"),
        "Concentration Inequalities: A Nonasymptotic Theory of Independence", 2013, "Oxford University Press",
        doi="10.1093/acprof:oso/9780199535255.001.0001",
    ),
    Work(
        "catoni2012", "article", ("Olivier Catoni",),
        "Challenging the empirical mean and empirical variance: A deviation study", 2012,
        "Annales de l'Institut Henri Poincaré, Probabilités et Statistiques", volume="48", number="4",
        pages="1148-1185", doi="10.1214/11-AIHP454",
    ),
    Work(
        "chan1983", "article", ("Tony F. Chan", "Gene H. Golub", "Randall J. LeVeque"),
        "Algorithms for computing the sample variance: Analysis and recommendations", 1983,
        "The American Statistician", volume="37", number="3", pages="242-247", doi="10.1080/00031305.1983.10483115",
    ),
    Work(
        "collins2006", "article", ("Benoît Collins", "Piotr Śniady"),
        "Integration with respect to the Haar measure on unitary, orthogonal and symplectic group", 2006,
        "Communications in Mathematical Physics", volume="264", number="3", pages="773-795",
        doi="10.1007/s00220-006-1554-3", arxiv="math-ph/0402073",
    ),
    Work(
        "donsker1951", "article", ("Monroe D. Donsker",), "An invariance principle for certain probability limit theorems",
        1951, "Memoirs of the American Mathematical Society", volume="6",
    ),
    Work(
        "dvoretzky1956", "article", ("A. Dvoretzky", "J. Kiefer", "J. Wolfowitz"),
        "Asymptotic minimax character of the sample distribution function and of the classical multinomial estimator",
        1956, "The Annals of Mathematical Statistics", volume="27", number="3", pages="642-669",
        doi="10.1214/aoms/1177728174",
    ),
    Work(
        "feller1971", "book", ("William Feller",), "An Introduction to Probability Theory and Its Applications", 1971,
        "Wiley", volume="2", edition="Second",
    ),
    Work(
        "fisher1930", "article", ("R. A. Fisher",), "Moments and product moments of sampling distributions", 1930,
        "Proceedings of the London Mathematical Society", volume="s2-30", pages="199-238", doi="10.1112/plms/s2-30.1.199",
    ),
    Work(
        "giraud2005", "article", ("Luc Giraud", "Julien Langou", "Miroslav Rozložník", "Jasper van den Eshof"),
        "Rounding error analysis of the classical Gram-Schmidt orthogonalization process", 2005,
        "Numerische Mathematik", volume="101", number="1", pages="87-100", doi="10.1007/s00211-005-0615-4",
    ),
    Work(
        "goodman1963", "article", ("N. R. Goodman",),
        "The distribution of the determinant of a complex Wishart distributed matrix", 1963,
        "The Annals of Mathematical Statistics", volume="34", number="1", pages="178-180", doi="10.1214/aoms/1177704251",
    ),
    Work(
        "higham2002", "book", ("Nicholas J. Higham",), "Accuracy and Stability of Numerical Algorithms", 2002,
        "Society for Industrial and Applied Mathematics", edition="Second", doi="10.1137/1.9780898718027",
    ),
    Work(
        "hoeffding1963", "article", ("Wassily Hoeffding",), "Probability inequalities for sums of bounded random variables",
        1963, "Journal of the American Statistical Association", volume="58", number="301", pages="13-30",
        doi="10.1080/01621459.1963.10500830",
    ),
    Work(
        "johansson2017", "article", ("Fredrik Johansson",),
        "Arb: Efficient arbitrary-precision midpoint-radius interval arithmetic", 2017,
        "IEEE Transactions on Computers", volume="66", number="8", pages="1281-1292",
        doi="10.1109/TC.2017.2690633", arxiv="1611.02831",
    ),
    Work(
        "johnson1994", "book", ("Norman L. Johnson", "Samuel Kotz", "N. Balakrishnan"),
        "Continuous Univariate Distributions", 1994, "Wiley", volume="1", edition="Second",
    ),
    Work(
        "kendall1938", "article", ("M. G. Kendall",), "A new measure of rank correlation", 1938,
        "Biometrika", volume="30", number="1-2", pages="81-93", doi="10.1093/biomet/30.1-2.81",
    ),
    Work(
        "marchenko1967", "article", ("V. A. Marchenko", "L. A. Pastur"),
        "Distribution of eigenvalues for some sets of random matrices", 1967,
        "Mathematics of the USSR-Sbornik", volume="1", number="4", pages="457-483",
        doi="10.1070/SM1967v001n04ABEH001994",
    ),
    Work(
        "massart1990", "article", ("Pascal Massart",), "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality",
        1990, "The Annals of Probability", volume="18", number="3", pages="1269-1283", doi="10.1214/aop/1176990746",
    ),
    Work(
        "matsumoto1998", "article", ("Makoto Matsumoto", "Takuji Nishimura"),
        "Mersenne Twister: A 623-dimensionally equidistributed uniform pseudo-random number generator", 1998,
        "ACM Transactions on Modeling and Computer Simulation", volume="8", number="1", pages="3-30",
        doi="10.1145/272991.272995",
    ),
    Work(
        "mezzadri2007", "article", ("Francesco Mezzadri",),
        "How to generate random matrices from the classical compact groups", 2007, "Notices of the American "
        "Mathematical Society", volume="54", number="5", pages="592-604", arxiv="math-ph/0609050",
    ),
    Work(
        "muller1959", "article", ("Mervin E. Muller",),
        "A note on a method for generating points uniformly on n-dimensional spheres", 1959,
        "Communications of the ACM", volume="2", number="4", pages="19-20", doi="10.1145/377939.377946",
    ),
    Work(
        "okabe2008", "misc", ("Masataka Okabe", "Kei Ito"),
        "Color Universal Design (CUD): How to make figures and presentations that are friendly to colorblind people",
        2008, page="https://jfly.uni-koeln.de/color/",
    ),
    Work(
        "pearson1907", "misc", ("Karl Pearson",), "On further methods of determining correlation", 1907,
        "Drapers' Company Research Memoirs, Biometric Series IV",
    ),
    Work(
        "pebay2008", "techreport", ("Philippe Pébay",),
        "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments", 2008,
        "Sandia National Laboratories", number="SAND2008-6212",
    ),
    Work(
        "phipson2010", "article", ("Belinda Phipson", "Gordon K. Smyth"),
        "Permutation P-values should never be zero: Calculating exact P-values when permutations are randomly drawn", 2010,
        "Statistical Applications in Genetics and Molecular Biology", volume="9", number="1",
        doi="10.2202/1544-6115.1585",
    ),
    Work(
        "popoviciu1935", "article", ("Tiberiu Popoviciu",),
        "Sur les équations algébriques ayant toutes leurs racines réelles", 1935, "Mathematica (Cluj)",
        volume="9", pages="129-145",
    ),
    Work(
        "price1958", "article", ("Robert Price",), "A useful theorem for nonlinear devices having Gaussian inputs", 1958,
        "IRE Transactions on Information Theory", volume="4", number="2", pages="69-72", doi="10.1109/TIT.1958.1057444",
    ),
    Work(
        "sheppard1899", "article", ("W. F. Sheppard",),
        "On the application of the theory of error to cases of normal distribution and normal correlation", 1899,
        "Philosophical Transactions of the Royal Society of London A", volume="192", pages="101-167",
        doi="10.1098/rsta.1899.0003",
    ),
    Work(
        "spearman1904", "article", ("C. Spearman",), "The proof and measurement of association between two things", 1904,
        "American Journal of Psychology", volume="15", number="1", pages="72-101", doi="10.2307/1412159",
    ),
    Work(
        "stuart1994", "book", ("Alan Stuart", "J. Keith Ord"), "Kendall's Advanced Theory of Statistics: Distribution "
        "Theory", 1994, "Edward Arnold", volume="1", edition="Sixth",
    ),
    Work(
        "takahasi1974double", "article", ("Hidetosi Takahasi", "Masatake Mori"), "Double exponential formulas for numerical "
        "integration", 1974, "Publications of the Research Institute for Mathematical Sciences", volume="9", number="3",
        pages="721-741", doi="10.2977/prims/1195192451",
    ),
    Work(
        "trefethen2014exponentially", "article", ("Lloyd N. Trefethen", "J. A. C. Weideman"), "The exponentially convergent "
        "trapezoidal rule", 2014, "SIAM Review", volume="56", number="3", pages="385-458", doi="10.1137/130932132",
    ),
    Work(
        "tucker2011", "book", ("Warwick Tucker",), "Validated Numerics: A Short Introduction to Rigorous Computations",
        2011, "Princeton University Press",
    ),
    Work(
        "watson1918", "article", ("G. N. Watson",), "The harmonic functions associated with the parabolic cylinder", 1918,
        "Proceedings of the London Mathematical Society", volume="s2-17", pages="116-148", doi="10.1112/plms/s2-17.1.116",
    ),
    Work("widder1941", "book", ("David Vernon Widder",), "The Laplace Transform", 1941, "Princeton University Press"),
)  # fmt: skip
