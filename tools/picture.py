"""Draw docs/picture.png, README's picture: how the cosines of all pairs of tokens lie in each model, and nothing after that.

python -m tools.picture          needs kaleido and Chromium; draws SmolLM2 where `make real` has brought it
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import plotly.graph_objects as go

from tools.real import SMOLLM2
from zeropoint import geometry, plots
from zeropoint.geometry import Histogram
from zeropoint.models import STAND_INS, load_embedding

PICTURE = Path(__file__).parents[1] / "docs" / "picture.png"
REAL_NAME = "SmolLM2-135M-Instruct"
NOTES = {"mini-neo": "stand-in for GPT-Neo", "mini-gpt2": "stand-in for GPT-2", REAL_NAME: "a published model"}
ROW = 125  # pixels


def models() -> dict[str, str | Path]:
    """Name in the picture → what `load_embedding` takes."""
    here: dict[str, str | Path] = {name: name for name in STAND_INS}
    if SMOLLM2.exists():
        here[REAL_NAME] = SMOLLM2
    return here


def rows(histograms: Mapping[str, Histogram], bins: int = 100) -> go.Figure:
    """A row for each model under its name, all over one axis from −1 to 1.

    Each row is as high as its own peak: a cloud in few dimensions would be flat beside one in many.
    """
    fig = plots.make_subplots(rows=len(histograms), cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for i, (name, histogram) in enumerate(histograms.items()):
        h = histogram.coarser(len(histogram.counts) // bins)
        share = (h.counts / h.counts.max()).tolist()
        ink = (plots.INKS[0], plots.INKS[1], plots.INKS[3])[i]
        fig.add_trace(go.Bar(x=h.centres.tolist(), y=share, width=2 / bins, marker_color=ink), row=i + 1, col=1)
        place = dict(x=-1, xanchor="left", y=0.55, showarrow=False)
        note = f"<br><span style='font-size: 20px'>{NOTES[name]}</span>" if name in NOTES else ""
        text = f"<b>{name}</b>{note}"
        fig.add_annotation(text=text, align="left", font=dict(size=30, color=ink), **place, row=i + 1, col=1)
    fig.add_vline(x=0, line=dict(color="#444444", dash="dot", width=2))
    fig.update_traces(marker_line_width=0)
    fig.update_yaxes(visible=False, range=[0, 1.05])
    fig.update_xaxes(range=[-1.005, 1.005], tickvals=[-1, -0.5, 0, 0.5, 1], ticktext=["−1", "−0.5", "0", "0.5", "1"])
    fig.update_xaxes(showline=True, linecolor="#444444", tickfont_size=24, zeroline=False)
    fig.update_xaxes(title=dict(text="cosine of two different tokens' embeddings", font_size=26), row=len(histograms))
    margin = dict(l=40, r=40, t=20, b=100)
    height = ROW * len(histograms) + 120
    return fig.update_layout(
        template="plotly_white", showlegend=False, bargap=0, margin=margin, width=1000, height=height
    )


def main() -> None:
    histograms = {
        name: geometry.cosine_histogram(load_embedding(where).W, progress=False) for name, where in models().items()
    }
    rows(histograms).write_image(PICTURE, scale=1.5)
    print(f"{PICTURE}: {', '.join(histograms)}.")
    if REAL_NAME not in histograms:
        print(f"README's caption names {REAL_NAME}, which is not here: `make real` brings it, then draw again.")


if __name__ == "__main__":
    main()
