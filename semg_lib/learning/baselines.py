"""The classical classifiers, as scikit-learn pipelines with a scaler of their own."""

from __future__ import annotations

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from semg_lib.errors import check_name
from semg_lib.signals.features import SETS

NAMES = ("lda", "knn", "svm", "random_forest")
# Every classifier with every feature set of NinaPro's first benchmark, by the pair's name.
GRID = {f"{c}_{s}": (c, s) for c in NAMES for s in SETS if s != "ours"}


def make(name: str, *, seed: int = 0) -> Pipeline:
    """Return an untrained classifier of feature vectors.

    The scaler is part of the pipeline and so is fitted with the classifier, to training windows
    only. Hyper-parameters are assumed: scikit-learn's defaults, with shrinkage for LDA (features
    are collinear), C = 10 for the RBF SVM and 200 trees.

    Parameters
    ----------
    name : {"lda", "knn", "svm", "random_forest"}
    seed : int
        For Random Forests; the others do not draw.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    check_name("classifier", name, NAMES)
    if name == "lda":
        classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    elif name == "knn":
        classifier = KNeighborsClassifier(5)
    elif name == "svm":
        classifier = SVC(C=10, gamma="scale", cache_size=1000)
    else:
        classifier = RandomForestClassifier(200, random_state=seed)
    return make_pipeline(StandardScaler(), classifier)
