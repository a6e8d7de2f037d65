"""Estimators for scikit-learn; what needs scikit-learn is imported only when an estimator is first used."""

try:
    from sklearn.utils.validation import validate_data as _validate_data  # noqa: F401 (new in 1.6)
except ImportError as error:
    raise ImportError(
        "nn.MLPClassifier and nn.MLPRegressor need scikit-learn 1.6 or newer: pip install 'scalar-autograd[sklearn]'"
    ) from error
