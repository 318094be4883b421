"""What puzzle __NN__ and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Number

PREDICTIONS = [  # TODO: every prediction of the puzzle ("__N__.a") and of the walkthrough ("n__N__.1")
    Number("__N__.a", "the mean length of a row, the first model", low=0.0),
]
