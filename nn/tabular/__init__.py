"""Tables of samples: CSV files, built-in data sets and preprocessing."""
