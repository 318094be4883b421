"""What walkthrough __NN__ claims, each with whose claim it is and the threshold that decides."""

from __future__ import annotations

from zeropoint.claims import Claim, above

# TODO: this walkthrough's claims. A threshold stands here, once, with the reason why it is where it is.
ALIKE = Claim("two tokens are alike", "this notebook", {"cosine": above(0.1, "mean pairwise cosine")})
