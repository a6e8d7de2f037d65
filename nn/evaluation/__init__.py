"""How good a trained model is: scores per class, calibration, residuals and the importance of columns."""
