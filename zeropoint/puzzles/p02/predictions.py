"""What puzzle 02 and its walkthrough ask their reader to predict."""

from zeropoint.desk.predictions import Word

SIZES = ("nothing", "a little", "breakage")
EXACT = ("exact", "not exact")  # what can be reasoned out, and is the same in both models

PREDICTIONS = [
    Word("2.a", "what 2.2's move does, the head left as it was", SIZES),
    Word("2.b", "what 2.2's move does, still tied", SIZES),
    Word("2.c", "what W_E − μ alone does", SIZES),
    Word("2.d", "what W_E − μ alone does, still tied", SIZES),
    Word("2.e", "what W_U − r does", SIZES),
    Word("2.f", "what W_pos + r does", SIZES),
    Word("2.g", "what W_E less each row's own mean does, the head left as it was", SIZES),
    Word("2.h", "what W_E less each row's own mean does, still tied", SIZES),
    Word("2.i", "what it does in every MLP that the shift loses c and b gains cW", EXACT),
    Word("2.j", "what it does in every MLP that the shift alone loses c", EXACT),
    Word("2.k", "what it does in every MLP that c is lost before LayerNorm and b gains cW", EXACT),
    Word("n2.1", "what the move does to the predictions", SIZES),
    Word("n2.2", "what the move does to the predictions", SIZES),
    Word("n2.3", "what the move does to the predictions", SIZES),
    Word("n2.4", "what the move does to the predictions", SIZES),
    Word("n2.5", "what the move does to the predictions", SIZES),
    Word("n2.6", "what the move does to the predictions", SIZES),
    Word("n2.7", "what the move does to the predictions", SIZES),
    Word("n2.8", "what the move does to the predictions", SIZES),
]
