"""The sample clinic: synthetic people with a year behind them, in records that end with the program."""
