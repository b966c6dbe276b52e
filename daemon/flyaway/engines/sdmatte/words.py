"""CLIP's text encoder, for the one thing SDMatte asks of it: what it makes of no words at all.

That is the same for every picture, so it is computed once and the encoder, a quarter of the file, let go.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers.portioned import Linear
from flyaway.engines.sdmatte.blocks import HEAD_WIDTH
from flyaway.engines.sdmatte.plan import Words


class _Embeddings(nn.Module):
    def __init__(self, words: Words) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(words.vocabulary, words.width)
        self.position_embedding = nn.Embedding(words.length, words.width)


class _Attention(nn.Module):
    """Each word looks at itself and those before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            self.add_module(name, Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """1xNxC in and out."""
        query, key, value = (
            self.get_submodule(name)(x).unflatten(2, (-1, HEAD_WIDTH)).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        found = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        result: Tensor = self.get_submodule("out_proj")(found.transpose(1, 2).flatten(2))
        return result


class _Layer(nn.Module):
    def __init__(self, words: Words) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(words.width)
        self.self_attn = _Attention(words.width)
        self.layer_norm2 = nn.LayerNorm(words.width)
        self.mlp = nn.ModuleDict(
            {"fc1": Linear(words.width, words.inner), "fc2": Linear(words.inner, words.width)}
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.layer_norm2(x))))


class _Model(nn.Module):
    def __init__(self, words: Words) -> None:
        super().__init__()
        self.embeddings = _Embeddings(words)
        layers = nn.ModuleList(_Layer(words) for _ in range(words.layers))
        self.encoder = nn.ModuleDict({"layers": layers})
        self.final_layer_norm = nn.LayerNorm(words.width)


class TextEncoder(nn.Module):
    """The encoder under its published names."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.text_model = _Model(words)

    @torch.no_grad()
    def of_nothing(self) -> Tensor:
        """What it makes of an empty text: 1xNxC."""
        model = self.text_model
        known, places = model.embeddings.token_embedding, model.embeddings.position_embedding
        # a text begins and ends with the last two words, and is filled up with the first
        tokens = [known.num_embeddings - 2, known.num_embeddings - 1]
        tokens += [0] * (places.num_embeddings - 2)
        x = known(torch.tensor([tokens], device=known.weight.device)) + places.weight
        for layer in model.encoder["layers"].children():
            x = layer(x)
        result: Tensor = model.final_layer_norm(x)
        return result
