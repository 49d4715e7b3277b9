"""Writes a captioner of the original's default sizes, with random weights, as the original does.

    make_checkpoint.py CHECKPOINT.pth [endless]

What a search costs depends on the sizes, and on how soon texts end; nothing needs to have been
learned. Weights are drawn so wide that words depend on exemplars and on the words before them, and
that rounding decides little. One unit of each LSTM counts words, so that texts end, after about
six; with "endless" none does, and every hypothesis goes on for all 15 steps.
"""

import sys

import torch

from captioner import BEAM_SIZE, LENGTH, TEMPERATURE, Decoder
from encoder import MEAN, PREFIX, STD, ResNetPyramid

VOCABULARY = 5000  # marks included
MARKS = ("start", "stop", "pad", "unk")
SIZES = {"features": 3904, "hidden": 512, "attention": 512, "embedding": 128,
         "language_model_embedding": 128, "language_model_hidden": 512, "language_model_layers": 2}
# Standard deviation of a weight times the square root of its inputs.
GAIN = 1.5
OUTPUT_GAIN = 6.0
NEVER = -50.0


def draw(module):
    for name, values in module.named_parameters():
        if values.dim() > 1 and "embedding" not in name:
            values.normal_(std=GAIN / values[0].numel() ** 0.5)
        elif values.dim() == 1 and "bn" not in name and "downsample.1" not in name:
            values.zero_()


def count_words(weight, recurrent, biases, per_word):
    """Makes unit 0 of an LSTM layer add `per_word` to its cell at each word, and do nothing else.
    Gates lie one below the other: input, forget, candidate, output."""
    hidden = recurrent.shape[1]
    gates = torch.arange(4) * hidden
    weight[gates] = 0
    recurrent[gates] = 0
    biases[gates] = torch.tensor([20.0, 20.0, torch.atanh(torch.tensor(per_word)), 20.0])


def end_texts(output, slope, level):
    """The stop mark's score rises with the count; the other marks never come."""
    output.weight[:, 0] = 0
    stop = VOCABULARY - 3
    output.weight[stop] = 0
    output.weight[stop, 0] = slope
    output.bias[stop] = level
    output.bias[[VOCABULARY - 4, VOCABULARY - 2, VOCABULARY - 1]] = NEVER


def draw_decoder(is_endless):
    decoder = Decoder(SIZES, VOCABULARY).eval()
    draw(decoder)
    cell = decoder.lstm
    count_words(cell.weight_ih, cell.weight_hh, cell.bias_ih, 0.25)
    decoder.init_c[0].weight[0] = 0
    decoder.init_c[0].bias[0] = -2  # the language model starts at 0
    decoder.output[1].weight.mul_(OUTPUT_GAIN / GAIN)
    end_texts(decoder.output[1], 6.0, NEVER if is_endless else 8.0)
    last = decoder.lm.lstm
    count_words(last.weight_ih_l1, last.weight_hh_l1, last.bias_ih_l1, 0.25)
    decoder.lm.output[0].weight.mul_(OUTPUT_GAIN / GAIN)
    end_texts(decoder.lm.output[0], 6.0, 3.0)
    return decoder


def indexer(words):
    return {"properties": {"vocab": {"properties": {"tokens": words}},
                           **{mark: True for mark in MARKS}}}


def main(path, texts=""):
    torch.manual_seed(0)
    words = [f"word{number}" for number in range(VOCABULARY - len(MARKS))]
    with torch.no_grad():
        decoder, network = draw_decoder(texts == "endless"), ResNetPyramid()
        draw(network)
    state = dict(decoder.state_dict())
    state |= {PREFIX + name: values for name, values in network.state_dict().items()}
    state |= {f"encoder.{name}": torch.tensor(values).view(1, 3, 1, 1)
              for name, values in (("mean", MEAN), ("std", STD))}
    torch.save({
        "properties": {
            "indexer": indexer(words), "lm": {"properties": {"indexer": indexer(words)}},
            "encoder": {"properties": {"config": "one block per level"}}, "strategy": "rerank",
            "temperature": TEMPERATURE, "beam_size": BEAM_SIZE, "length": LENGTH},
        "children": {"encoder": "PyramidConvEncoder"}, "state_dict": state}, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
