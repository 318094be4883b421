"""What stands behind zeropoint.puzzle: comparing answers, running a learner's code, showing, remembering."""
