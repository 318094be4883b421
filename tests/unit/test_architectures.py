"""Every decoder that transformers has, built tiny and saved: are the two matrices read from it the model's own?"""

from __future__ import annotations

import pytest
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from transformers import CONFIG_MAPPING, AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from zeropoint import models

# What makes a config small, by the names that the architectures give to their sizes.
SIZES = {
    96: "vocab_size unpadded_vocab_size vocab_size_per_layer_input encoder_hash_byte_group_vocab",
    2: "num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers num_decoder_layers depth "
    "num_encoder_layers num_key_value_heads num_experts_per_tok moe_topk num_selected_experts moe_k",
    32: "hidden_size d_model n_embd emb_dim embedding_size word_embed_proj_dim dim_model embedding_dim q_lora_rank "
    "kv_lora_rank qk_nope_head_dim qk_rope_head_dim v_head_dim index_head_dim hidden_size_per_layer_input o_lora_rank",
    4: "num_attention_heads n_head n_heads num_heads encoder_attention_heads decoder_attention_heads num_experts "
    "num_encoder_attention_heads num_decoder_attention_heads num_local_experts n_routed_experts moe_num_experts",
    8: "head_dim d_head kv_channels",
    64: "intermediate_size ffn_dim encoder_ffn_dim decoder_ffn_dim d_ff n_inner dff dim_ff moe_intermediate_size "
    "ffn_hidden_size expert_ffn_hidden_size shared_expert_intermediate_size max_position_embeddings n_positions",
}
SMALL = {name: size for size, names in SIZES.items() for name in names.split()}
# Architectures that want more than that.
MORE = {
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "mamba2": {"num_heads": 8, "head_dim": 8, "n_groups": 2},
    "reformer": {"is_decoder": True, "axial_pos_shape": [8, 8], "axial_pos_embds_dim": [8, 24]},
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8},
    "ministral": {"head_dim": 8},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"]},
    "bamba": {"mamba_n_heads": 8, "mamba_d_head": 8},
    "granitemoehybrid": {"mamba_n_heads": 8, "mamba_d_head": 8},
    "nemotron": {"num_key_value_heads": 2},
    "zamba2": {"layer_types": ["mamba", "hybrid"]},
    "zaya": {"num_experts_per_tok": 1},
    "dots3_note_text": {"num_key_value_heads": 4},
    "dots1": {"n_shared_experts": 1, "n_routed_experts": 4},
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "kv_n_heads": 2}},
    "roc_bert": {"pronunciation_vocab_size": 8, "shape_vocab_size": 8},
    "gemma3n_text": {"layer_types": ["full_attention", "full_attention"], "num_kv_shared_layers": 0},
}
# Those of which no tiny one can be made this way, and why. The list is not to grow; who can make one strikes it out.
NOT_TRIED = {
    "cohere_compass_text": "its default config leaves out the rotary settings that its layers ask for",
    "dots3_note": "its default config does not survive other sizes",
    "gemma3n": "needs PIL and timm for its images",
    "gemma4_assistant": "its default config is refused by itself",
    "musicgen": "embeds codebooks of sound, not one vocabulary",
    "musicgen_melody": "embeds codebooks of sound, not one vocabulary",
    "zamba": "its ties between layers ask for its full depth",
}


def shrink(config: dict) -> dict:
    """The arguments that make a default config small."""
    small = {}
    for name, value in config.items():
        if isinstance(value, dict) and name.endswith("_config"):
            small[name] = shrink(value)
        elif name in SMALL and isinstance(value, int):
            small[name] = SMALL[name]
        elif name.endswith("_token_id") and isinstance(value, int):
            small[name] = 1
    return small


def tiny(kind: str) -> torch.nn.Module:
    """A model of this type, with a vocabulary of 96 tokens and a residual stream of 32 dimensions."""
    of_kind = CONFIG_MAPPING[kind]
    config = of_kind(**shrink(of_kind().to_dict()) | MORE.get(kind, {}))
    torch.manual_seed(0)
    with torch.device("meta"):
        size = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
    if size > 8_000_000:
        raise ValueError(f"{size:,} parameters")
    return AutoModelForCausalLM.from_config(config)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


@pytest.mark.parametrize("kind", sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - set(NOT_TRIED)))
def test_both_matrices_are_the_models_own(kind, tmp_path):
    model = tiny(kind)
    W_E, out = model.get_input_embeddings().weight, model.get_output_embeddings()
    with torch.no_grad():
        for W in (W_E, out.weight):
            W.normal_()
    model.save_pretrained(tmp_path)
    one, other = models.load_embedding(tmp_path), models.load_embedding(tmp_path, output=True)
    assert torch.equal(one.W, W_E) and torch.equal(other.W, out.weight)
    assert (one.tensor_name == other.tensor_name) == (out.weight is W_E)


@pytest.mark.parametrize("kind", sorted(set(NOT_TRIED) & set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)))
def test_what_is_not_tried_cannot_be_made(kind):
    with pytest.raises((StrictDataclassError, KeyError, AttributeError, ImportError)):
        tiny(kind)


def test_the_list_does_not_grow():
    assert len(NOT_TRIED) <= 7
