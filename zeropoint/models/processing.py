"""The basis of HookedTransformer.from_pretrained: fold the norms, centre what writes to the residual stream, and W_U.

TransformerLens leaves out whatever an architecture does not allow: with RMSNorm centring would change the model, and a
norm behind a block has no matrix after it to be folded into. So the weights are asked what was done.
"""

from __future__ import annotations

import re

from torch import Tensor

NORMS = re.compile(r"(^|\.)(ln\d|ln\d_post|ln_final|norm)\.(weight|bias)$")  # of the residual stream


def process(bridge: object, title: str) -> str:
    """Process `bridge` in place. The basis: "processed" if all was done, else what was.

    Raises ValueError if TransformerLens refuses to process this architecture.
    """
    try:
        bridge.enable_compatibility_mode(disable_warnings=True)
    except (RuntimeError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"{title} cannot be processed ({reason}): load it without processed=True.") from None
    norms = [values for name, values in bridge.state_dict().items() if NORMS.search(name)]
    folded = sum(map(_does_nothing, norms))
    done = {
        "norms folded" if folded == len(norms) else "some norms folded": folded > 0,
        "writing weights centred": _centred(bridge.W_E, 1),
        "unembedding centred": _centred(bridge.W_U, 1),
    }
    if all(done.values()) and "norms folded" in done:
        return "processed"
    parts = [part for part, was_done in done.items() if was_done]
    return f"partly processed: {', '.join(parts)}" if parts else "raw"


def _does_nothing(values: Tensor) -> bool:
    """A norm's weight of ones, its bias of zeros; or its weight of zeros, where the architecture adds one."""
    return bool((values == values.flatten()[0]).all() and values.flatten()[0] in (0, 1))


def _centred(W: Tensor, dim: int) -> bool:
    return bool(W.mean(dim).abs().max() < 1e-4 * W.abs().mean())
