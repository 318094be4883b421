"""Puzzle 02, a free variable."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from zeropoint.desk.exercise import Exercise, Mistake
from zeropoint.puzzles.p02 import search
from zeropoint.puzzles.p02.symmetries import Move, Trial


def _random(seed: int):
    """randn(shape) in float64 from one generator."""
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


# --- 2.2 -----------------------------------------------------------------------------------------------------------


def hide_the_mean(
    W_E: Float[Tensor, "d_vocab d_model"], W_pos: Float[Tensor, "n_ctx d_model"]
) -> tuple[Float[Tensor, "d_vocab d_model"], Float[Tensor, "n_ctx d_model"]]:
    """The new W_E, whose mean row is zero, and the new W_pos."""
    mean = W_E.mean(0)
    return W_E - mean, W_pos + mean  # the model reads only sums of a row of each


def embeddings(seed: int) -> list[tuple[Tensor, Tensor]]:
    randn, cases = _random(seed), []
    for d_vocab, n_ctx, d in ((5, 3, 2), (7, 2, 4), (4, 6, 3), (6, 6, 6), (5, 8, 8), (60, 12, 10), (3000, 4, 5)):
        cases.append((randn(d_vocab, d) + 2 * randn(d), 0.5 * randn(n_ctx, d) + randn(d)))
    return cases


def _first_only(W_E: Tensor, W_pos: Tensor) -> tuple[Tensor, Tensor]:
    W_pos = W_pos.clone()
    W_pos[0] += W_E.mean(0)
    return W_E - W_E.mean(0), W_pos


# Of a wrong answer the first that applies is said, and nothing of the rest: whether another move is free is to be predicted.
NOT_ZERO = "the mean row of your new W_E is not zero"
AT_FIRST = "the mean row of your new W_E is zero, but the model reads something else at its first position"
ELSEWHERE = "the mean row of your new W_E is zero, and only at its first position does the model read what it did"

SUMS = "Take any token at any position: what does the first layer read before your move, and what after it?"
MEAN_ZERO = "Where is the mean of all rows of your new W_E?"
OTHER_AXIS = "The mean over the tokens is asked for, one number for each dimension."


def what_counts(moved: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """The mean row of W_E, and what the model reads: each token and each position in a sum, less the sum's own mean.

    Every reader stands behind a LayerNorm, which takes that mean away.
    """
    W_E, W_pos = moved

    def read(sums: Tensor) -> Tensor:
        return sums - sums.mean(1, keepdim=True)

    return {NOT_ZERO: W_E.mean(0), AT_FIRST: read(W_E + W_pos[0]), ELSEWHERE: read(W_E[0] + W_pos)}


EX_2_2 = Exercise(
    id="2.2",
    title="hide the mean",
    kind="function",
    difficulty=1,
    minutes=5,
    statement="""
    Return a new W_E and a new W_pos: the mean of all rows of the new W_E is the zero vector, and the model predicts what
    it did before, whatever it reads. The head keeps the old W_E. (There is more than one right answer; each passes, and
    what follows is computed with the plainest.)
    """,
    cases=embeddings,
    reference=hide_the_mean,
    counts=what_counts,
    scale=1.0,
    real=lambda pair: pair,
    mistakes=[
        Mistake("nothing is given back", lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos), SUMS),
        Mistake("taken away twice", lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos - W_E.mean(0)), SUMS),
        Mistake("each is centred by itself", lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos - W_pos.mean(0)), SUMS),
        Mistake(
            "the positions lose their own mean as well",
            lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos - W_pos.mean(0) + W_E.mean(0)),
            SUMS,
        ),
        Mistake("only the first position gets it back", _first_only, SUMS),
        Mistake(
            "the positions share it",
            lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos + W_E.mean(0) / len(W_pos)),
            "How many positions does one token stand at?",
        ),
        Mistake(
            "the other matrix's mean is given back",
            lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos + W_pos.mean(0)),
            "Which vector did the tokens lose?",
        ),
        Mistake("only half of it is given back", lambda W_E, W_pos: (W_E - W_E.mean(0), W_pos + W_E.mean(0) / 2), SUMS),
        Mistake(
            "the tokens lost all that they had",
            lambda W_E, W_pos: (torch.zeros_like(W_E), W_pos + W_E.mean(0)),
            "Their mean is zero, and so is each of them. How does the model tell tokens apart?",
        ),
        Mistake(
            "the mean of both matrices together",
            lambda W_E, W_pos: (W_E - torch.cat([W_E, W_pos]).mean(0), W_pos + torch.cat([W_E, W_pos]).mean(0)),
            MEAN_ZERO,
        ),
        Mistake(
            "the mean's direction, at length one",
            lambda W_E, W_pos: (W_E - F.normalize(W_E.mean(0), dim=0), W_pos + F.normalize(W_E.mean(0), dim=0)),
            MEAN_ZERO,
        ),
        Mistake("the sign is turned", lambda W_E, W_pos: (W_E + W_E.mean(0), W_pos - W_E.mean(0)), MEAN_ZERO),
        Mistake(
            "the two means change places",
            lambda W_E, W_pos: (W_E - W_E.mean(0) + W_pos.mean(0), W_pos - W_pos.mean(0) + W_E.mean(0)),
            MEAN_ZERO,
        ),
        Mistake(
            "the positions are centred, not the tokens",
            lambda W_E, W_pos: (W_E + W_pos.mean(0), W_pos - W_pos.mean(0)),
            MEAN_ZERO,
        ),
        Mistake(
            "centred over d_model: each row lost its own mean",
            lambda W_E, W_pos: (W_E - W_E.mean(1, keepdim=True), W_pos),
            OTHER_AXIS,
        ),
        Mistake(
            "two axes: each row lost its own mean, the positions gain the mean row",
            lambda W_E, W_pos: (W_E - W_E.mean(1, keepdim=True), W_pos + W_E.mean(0)),
            OTHER_AXIS,
        ),
        Mistake(
            "one number moved, not a vector",
            lambda W_E, W_pos: (W_E - W_E.mean(), W_pos + W_E.mean()),
            "The mean token has one number a dimension: is all of it gone?",
        ),
        Mistake("nothing has moved", lambda W_E, W_pos: (W_E, W_pos), MEAN_ZERO),
    ],
    hints=[
        "What exactly does the first block read for token t at position p?",
        "A sum stays the same when one part gives what the other takes.",
        "Every token loses the same vector; every position must gain it.",
    ],
)

# --- 2.3 -----------------------------------------------------------------------------------------------------------


def change_of_log_Z(
    W_E: Float[Tensor, "d_vocab d_model"],
    h: Float[Tensor, "seq d_model"],
) -> Float[Tensor, " seq"]:
    """New log Z less old, at each position."""
    # Every logit h·w becomes h·(w − mean): all of a position's logits change by one number.
    return -(h @ W_E.mean(0))


def heads(seed: int) -> list[tuple[Tensor, Tensor]]:
    randn, cases = _random(seed), []
    for d_vocab, seq, d in ((4, 3, 2), (6, 2, 5), (3, 7, 4), (5, 5, 5), (8, 4, 8), (70, 9, 12), (2500, 5, 4)):
        cases.append((0.7 * randn(d_vocab, d) + randn(d), 1.5 * randn(seq, d)))
    return cases


def _log_Z(W_E: Tensor, h: Tensor) -> Tensor:
    return (h @ W_E.T).logsumexp(-1)


EX_2_3 = Exercise(
    id="2.3",
    title="what the tied head does",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    In the move of 2.2 every row w of W_E becomes w − μ. A tied head uses the new rows as well; the final hidden states h
    are what they were. Return by how much log Z, the logsumexp of a position's logits, changes at each position, new less
    old: shape [seq].
    """,
    cases=heads,
    reference=change_of_log_Z,
    scale=1.0,
    real=lambda pair: pair,
    mistakes=[
        Mistake("the sign is turned", lambda W_E, h: h @ W_E.mean(0), "After less before. What does the head lose?"),
        Mistake(
            "without its sign",
            lambda W_E, h: (h @ W_E.mean(0)).abs(),
            "A change has a sign, and h·μ has one of its own at each position.",
        ),
        Mistake(
            "the change of the log-probabilities, not of log Z",
            lambda W_E, h: torch.zeros_like(h[:, 0]),
            "Log-probabilities are logits less log Z. Which of the two did you compare?",
        ),
        Mistake("log Z after the move, not its change", lambda W_E, h: _log_Z(W_E - W_E.mean(0), h), "And before it?"),
        Mistake("log Z before the move, not its change", lambda W_E, h: _log_Z(W_E, h), "And after it?"),
        Mistake(
            "the change of Z, not of log Z",
            lambda W_E, h: _log_Z(W_E - W_E.mean(0), h).exp() - _log_Z(W_E, h).exp(),
            "Z itself can overflow. Where did the logarithm go?",
        ),
        Mistake(
            "the logsumexp of the logits' change",
            lambda W_E, h: (h @ -W_E.mean(0))[:, None].expand(-1, len(W_E)).logsumexp(-1),
            "The difference of two logsumexps is not the logsumexp of the differences.",
        ),
        Mistake(
            "the change of every logit",
            lambda W_E, h: (h @ -W_E.mean(0))[:, None].expand(-1, len(W_E)),
            "All numbers in a row of yours are equal. What does that say about log Z?",
        ),
        Mistake(
            "the length of the mean is left out",
            lambda W_E, h: -(h @ W_E.mean(0)) / W_E.mean(0).norm(),
            "A dot product, not a projection.",
        ),
        Mistake(
            "the sum of the rows, not their mean",
            lambda W_E, h: -(h @ W_E.sum(0)),
            "By how much does one logit change, not all of them together?",
        ),
        Mistake(
            "averaged over positions", lambda W_E, h: -(h @ W_E.mean(0)).mean(), "Each position has a log Z of its own."
        ),
        Mistake(
            "the mean is taken over d_model",
            lambda W_E, h: _log_Z(W_E - W_E.mean(1, keepdim=True), h) - _log_Z(W_E, h),
            "Every token loses the same vector.",
        ),
    ],
    hints=[
        "Write one logit after the move: h·(w − μ). Which part of it depends on the token?",
        "If all logits of a position change by the same number, what happens to their logsumexp?",
        "The number is −h·μ, one for each position.",
    ],
)

# --- 2.4 -----------------------------------------------------------------------------------------------------------


def what_softmax_sees(
    u: Float[Tensor, "query d_model"],
    v: Float[Tensor, "key d_model"],
    c: Float[Tensor, " d_model"],
    A: Float[Tensor, "d_model d_model"],
    b: Float[Tensor, " d_model"],
) -> Float[Tensor, "query key"]:
    """The sum of those of the six terms that a softmax over keys can see."""
    # uᵀAv + cᵀAv + bᵀv depend on the key; uᵀAc, cᵀAc and bᵀc are the same for all keys of a query
    return (u @ A + c @ A + b) @ v.T


def attention_inputs(seed: int) -> list[tuple[Tensor, ...]]:
    randn, cases = _random(seed), []
    for queries, keys, d in ((2, 3, 2), (3, 2, 4), (4, 4, 3), (5, 5, 5), (1, 6, 3), (6, 4, 8), (40, 30, 12)):
        cases.append((randn(queries, d), randn(keys, d), 1.5 * randn(d), randn(d, d), randn(d)))
    return cases


def _terms(u: Tensor, v: Tensor, c: Tensor, A: Tensor, b: Tensor) -> dict[str, Tensor]:
    terms = {
        "uAv": u @ A @ v.T,
        "cAv": (c @ A @ v.T)[None],
        "bv": (v @ b)[None],
        "uAc": (u @ A @ c)[:, None],
        "cAc": (c @ A @ c)[None, None],
        "bc": (b @ c)[None, None],
    }
    return {name: term.expand(len(u), len(v)) for name, term in terms.items()}


def _sum_of(*names: str):
    return lambda u, v, c, A, b: sum(_terms(u, v, c, A, b)[name] for name in names)


def _less_row_mean(u: Tensor, v: Tensor, c: Tensor, A: Tensor, b: Tensor) -> Tensor:
    scores = (u + c) @ A @ (v + c).T + (v + c) @ b
    return scores - scores.mean(-1, keepdim=True)


WHICH_AXIS = "Softmax runs over the keys of one query. Which of the terms is the same for all of them?"

EX_2_4 = Exercise(
    id="2.4",
    title="six terms in a head",
    kind="function",
    difficulty=2,
    minutes=10,
    statement="""
    Something like it happens inside attention. Let everything a head reads share a vector c: the query comes from c + u,
    the key from c + v, and the score is (c + u)ᵀA(c + v) + bᵀ(c + v). Here A is W_Q W_Kᵀ, and b is W_K b_Q: what the
    bias of the queries makes of a key (GPT-2 has one; GPT-Neo has none, so that its b is zero here). The bias of the keys
    adds nothing that softmax sees. Multiply out: six terms. A softmax over the keys cannot see all of them: return the sum of those that it
    sees, shape [query, key].
    """,
    cases=attention_inputs,
    reference=what_softmax_sees,
    real=lambda args: args,
    mistakes=[
        Mistake("all six terms", _sum_of("uAv", "cAv", "bv", "uAc", "cAc", "bc"), WHICH_AXIS),
        Mistake(
            "the term of the queries' bias is missing",
            _sum_of("uAv", "cAv"),
            "The bias of the queries meets every key. Is bᵀv the same for all of them?",
        ),
        Mistake(
            "the terms that softmax cannot see",
            _sum_of("uAc", "cAc", "bc"),
            "What is the same for all keys of a query is what softmax does not see.",
        ),
        Mistake("all terms with c are gone", _sum_of("uAv", "bv"), "One term with c depends on the key."),
        Mistake("only the term without c and b is left", _sum_of("uAv"), "Which of the others depend on the key?"),
        Mistake("softmax over queries, not over keys", _sum_of("uAv", "uAc"), WHICH_AXIS),
        Mistake("the term uᵀAc is still there", _sum_of("uAv", "cAv", "bv", "uAc"), WHICH_AXIS),
        Mistake("a term that is one number is still there", _sum_of("uAv", "cAv", "bv", "cAc"), WHICH_AXIS),
        Mistake("a term that is one number is still there", _sum_of("uAv", "cAv", "bv", "bc"), WHICH_AXIS),
        Mistake("a term that is one number is still there", _sum_of("uAv", "cAv", "bv", "cAc", "bc"), WHICH_AXIS),
        Mistake(
            "the term without c is missing",
            _sum_of("cAv", "bv"),
            "The heads would attend the same way from every query.",
        ),
        Mistake("the keys' term with c was kept, not the queries'", _sum_of("uAv", "uAc", "bv"), WHICH_AXIS),
        Mistake(
            "A the other way round in one term",
            lambda u, v, c, A, b: u @ A @ v.T + c @ A.T @ v.T + v @ b,
            "c stands on the query's side in the term that survives: on the left of A.",
        ),
        Mistake(
            "A the other way round",
            lambda u, v, c, A, b: u @ A.T @ v.T + c @ A.T @ v.T + v @ b,
            "Queries stand on the left of A, keys on its right.",
        ),
        Mistake(
            "scaled by √d",
            lambda u, v, c, A, b: what_softmax_sees(u, v, c, A, b) / c.shape[-1] ** 0.5,
            "The score here is as it stands in the exercise.",
        ),
        Mistake(
            "the scores less their mean over keys",
            _less_row_mean,
            "Softmax can't tell yours from the right answer. But it took away parts of terms; whole terms are asked for.",
        ),
        Mistake(
            "the pattern, not the scores",
            lambda u, v, c, A, b: what_softmax_sees(u, v, c, A, b).softmax(-1),
            "Stop before the softmax.",
        ),
        Mistake(
            "the bias meets the query, not the key",
            lambda u, v, c, A, b: (u @ A + c @ A) @ v.T + (u @ b)[:, None],
            "b stands with c + v, the key's side. Which of its two terms differs between keys?",
        ),
    ],
    hints=[
        "Multiply out: six terms. Write the shape of each before it is broadcast to [query, key].",
        "Softmax over keys ignores whatever is the same for all keys of a query.",
        "Three of the terms hold v. Those three, and only those, survive.",
    ],
)

# --- 2.6 -----------------------------------------------------------------------------------------------------------

EX_2_6 = Exercise(
    id="2.6",
    title="how free is the mean?",
    kind="why",
    difficulty=2,
    minutes=10,
    statement="""
    In a few sentences: which moves are exactly free and why, in the embedding, the head, attention and the MLPs;
    which are not; how you tell exact from nearly; and to what, other than the predictions, a free move is not
    free. Then compare with the points, one by one.
    """,
    answer="""
    The model reads sums of a token row and a position row, so any vector may pass from all tokens to all
    positions: equal logits if the head stays, equal probabilities if it follows, since a vector taken from
    every row of the head changes all logits of a position alike. Taking μ from the tokens alone is no
    symmetry, tied or not. A row's own mean over d_model is lost behind any LayerNorm, but a tied head reads it. Inside attention, half of the six terms are the same for all keys; cᵀAv stays and adds
    to the bias of the query. Biases behind LayerNorm can take over any constant; one before it changes what each token is divided by. Rounding is told from
    change by the floor, and by doing it again in float64, where rounding shrinks and a change does not; float32 alone takes a very long free move for a small change. Weight decay and z-loss see what the predictions do not.
    """,
    hints=[
        "For each move: which is the first thing in the model that could notice it? What does that thing read?",
        "How do you know that a difference is rounding? Say what you compared it with.",
        "Name one thing outside the forward pass that is not indifferent to the move.",
    ],
    rubric=[
        "The exchange is exact: the model reads only W_E[t] + W_pos[p], so what all tokens lose all positions can gain, in any direction and size.",
        "A constant vector taken from every row of the output matrix is exact too: it lowers all logits of a position by the same h·v, and softmax ignores that.",
        "A tied model keeps its predictions under the exchange, because it makes both moves at once; its logits and log Z change. Untying matters for logits, and for W_E − μ alone it matters not at all.",
        "Not free: W_E − μ with nothing given back, or a random vector of that length added. Evidence: KL far above rounding, the same in float64.",
        "Exactness is judged by a yardstick: a change at the size of rounding, which shrinks when the precision doubles; a real change would not. float32 alone errs in both ways: a long exact move costs digits, and a small change hides below the floor.",
        "In attention, three of the six terms are constant over keys and cancel; cᵀAv stays beside bᵀv and acts as the bias of the query does. That c is the mean after LayerNorm: what LayerNorm makes of W_E's mean differs from position to position.",
        "A constant behind LayerNorm can be absorbed by the biases of whatever reads it (2.i); one before LayerNorm can't in this way, since it changes the denominators, each token's own (2.k).",
        "Free for the predictions is not free for training: weight decay sees the norms, z-loss sees log Z. Rows less their own mean over d_model are another freedom, given by LayerNorm, which the tied head breaks.",
    ],
)

# --- 2.7 to 2.9: an open search -------------------------------------------------------------------------------------


def a_free_move(t: Trial) -> Move:
    """A move that is exact and of none of the kinds so far."""
    # one number in every dimension of what a block writes: each later LayerNorm takes it away
    return {"0.b_out": t.weights["0.b_out"] + 1}


EX_2_7 = Exercise(
    id="2.7",
    title="a free move that nobody listed",
    kind="function",
    difficulty=3,
    minutes=12,
    statement="""
    Find a move that is exact and of none of the kinds tried so far, wherever in the model. It is a function of a trial, as
    those above, and `t.weights` holds every tensor by the name under which it can be moved. The kinds so far are: one vector for all
    rows of W_E, of W_pos or of W_U; a number for each row of W_E or W_pos, the same along the row; a LayerNorm's shift
    together with biases; a bias of the keys. What a *block* writes, by its weights or biases, counts as new. Some tensor
    has to change by a hundredth of its norm or more. It is tried in float64, and on a second text, which begins with the
    tokens that your move changes most. Both models must bear it.
    """,
    reference=a_free_move,
    judge=search.free,
    hints=[
        "What does every reader of the residual stream do first, before it reads? What could a block write that it never sees?",
        "Another family: is there an order of things inside a block that nobody outside can tell?",
        "A third: where do two matrices meet with nothing but sums between them?",
    ],
)


def a_loud_move(t: Trial) -> Move:
    """A move by which a logit changes by 100 or more, and no prediction, in float32 as well."""
    # one vector for the whole head, along one h: its dot product with that h is 130
    h = t.h[0, -1]
    return {"W_U": t.W_U + (130 * h / h.square().sum())[:, None]}


EX_2_8 = Exercise(
    id="2.8",
    title="the loudest free move",
    kind="function",
    difficulty=2,
    minutes=7,
    statement="""
    Find a move by which some logit changes by 100 or more, and yet every prediction stays: exactly, in float64, and the
    yardstick in float32 says "nothing" as well. How loud can it be before float32 notices? The record is yours to raise.
    """,
    reference=a_loud_move,
    judge=search.loud,
    hints=[
        "One of the moves that you tried is exact at any length. Which of them moves logits?",
        "float32 keeps seven digits of a logit. How many are left for its difference from another, when both are near 1,000?",
        "A vector r changes a logit by h·r. Which r of a given length makes that largest?",
    ],
)


def a_move_that_fools(t: Trial) -> Move:
    """A move of which the yardstick says "nothing", and which changes predictions."""
    unread = torch.ones(len(t.W_E), dtype=torch.bool)
    unread[t.ids.flatten()] = False
    # a yardstick can only see what its text reads
    return {"W_E": torch.where(unread[:, None], -t.W_E, t.W_E)}


EX_2_9 = Exercise(
    id="2.9",
    title="fool the yardstick",
    kind="function",
    difficulty=2,
    minutes=8,
    statement="""
    Find a move of which the yardstick (float32, on these six stretches, `t.ids`) says "nothing", and by which a prediction
    changes all the same: by more than ten floors, in float64, on these stretches or on the second text of 2.7. By as many
    floors as you can: this record is yours to raise too.
    """,
    reference=a_move_that_fools,
    judge=search.fools,
    hints=[
        "A move just below ten floors fools it a little. What can no number from six stretches of text tell you?",
        "Which rows of W_E do these stretches read, and which of W_pos?",
        "What they do not read may be anything at all. What would hurt most?",
    ],
)

SPOILERS = (
    "W_pos +",
    "fungible",
    "exchange",
    "query bias",
    "bias of the query",
    "cᵀAv",
    "h·μ",
    "same for all keys",
)

# 2.1 and 2.5 are given in the notebook; the others keep the ids by which progress files know them.
EXERCISES = [EX_2_2, EX_2_3, EX_2_4, EX_2_6, EX_2_7, EX_2_8, EX_2_9]
