"""Holds captioner.py against what the original itself found with the same weights and features.

    check_captioner.py DATA/parity/captioner
"""

import sys
from pathlib import Path

import numpy
import torch

from captioner import load_decoder
from safetensors import read_safetensors

TOLERANCE = 1e-4


def sizes_of(weights):
    return {"features": weights["attend.key_to_hidden.weight"].shape[1],
            "attention": weights["attend.key_to_hidden.weight"].shape[0],
            "hidden": weights["lstm.weight_hh"].shape[1],
            "embedding": weights["embedding.weight"].shape[1],
            "language_model_embedding": weights["lm.embedding.weight"].shape[1],
            "language_model_hidden": weights["lm.lstm.weight_hh_l0"].shape[1],
            "language_model_layers": sum(name.startswith("lm.lstm.weight_hh") for name in weights)}


def check_beams(found, expected):
    """Every text of every beam; neighbours may have swapped where rounding decides."""
    scores = numpy.abs(found["likelihoods"].numpy() - expected["rerank.beam_scores"]).max()
    assert scores < TOLERANCE, f"scores of the beams differ by {scores}"
    texts = expected["rerank.beam_tokens"]
    for ours, theirs in zip(found["texts"].tolist(), texts.tolist()):
        assert sorted(ours) == sorted(theirs), "another beam"
    return (found["texts"].numpy() == texts).all(axis=2).mean(), scores


def check_choices(found, expected, temperature):
    name = f"rerank_t{temperature}"
    for key, suffix in (("pmi", "_correct"), ("pmi_of_original", "")):
        best, choice = found[key].max(dim=1)
        scores = numpy.abs(best.numpy() - expected[name + ".scores" + suffix]).max()
        assert scores < TOLERANCE, f"{name}{suffix}: scores differ by {scores}"
        assert (choice.numpy() == expected[name + ".choice" + suffix]).all(), name + suffix


def main(folder):
    folder = Path(folder)
    torch.set_num_threads(1)
    weights = read_safetensors(folder / "decoder_without_encoder.safetensors")
    decoder = load_decoder(weights, sizes_of(weights), len(weights["embedding.weight"]))
    features = torch.from_numpy(numpy.load(folder / "encoder_expected.npz")["features"])
    expected = dict(numpy.load(folder / "decoder_expected.npz"))
    with torch.no_grad():
        for temperature in (0.2, 1.0):
            found = decoder.rerank(features, temperature=temperature)
            check_choices(found, expected, temperature)
    places, scores = check_beams(found, expected)
    print(f"captioner: {len(features)} beams have the original's texts ({100 * places:.1f} % in its"
          f" places, scores within {scores:.1e}), and its choices")


if __name__ == "__main__":
    main(*sys.argv[1:])
