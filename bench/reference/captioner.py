"""Descriptions of units by the original MILAN's method, from region features on.

    captioner.py BUNDLE FEATURES.npy RESULT.json [BATCH_SIZE]

Searches 50 hypotheses by log p(d|E), then ranks them by log p(d|E) - 0.2 log p(d). The weights are
those of a bundle of milan. Prints the rate and writes texts and scores.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import torch
from torch import nn

from beam_search import search
from safetensors import read_safetensors

LENGTH = 15
BEAM_SIZE = 50
TEMPERATURE = 0.2


class Attention(nn.Module):
    """Weights over exemplars: softmax of w . tanh(W_q h + W_k v). Nothing is kept between steps:
    the keys of every row of the search are projected again at each of them."""

    def __init__(self, features, hidden, attention):
        super().__init__()
        self.query_to_hidden = nn.Linear(hidden, attention)
        self.key_to_hidden = nn.Linear(features, attention)
        self.output = nn.Sequential(nn.Linear(attention, 1))

    def forward(self, hidden, features):
        query = self.query_to_hidden(hidden)[:, None]
        energies = self.output(torch.tanh(query + self.key_to_hidden(features)))
        return torch.softmax(energies.squeeze(2), dim=1)


class LanguageModel(nn.Module):
    """p(d): an LSTM that has seen texts only."""

    def __init__(self, vocabulary, embedding, hidden, layers):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, num_layers=layers, batch_first=True)
        self.output = nn.Sequential(nn.Linear(hidden, vocabulary))

    def forward(self, inputs):
        return torch.log_softmax(self.output(self.lstm(self.embedding(inputs))[0]), dim=2)

    def score(self, texts, start, stop):
        """Of texts [rows, length] that stops fill: [score to the first stop, the original's]."""
        inputs = torch.cat([torch.full_like(texts[:, :1], start), texts[:, :-1]], dim=1)
        chosen = self(inputs).gather(2, texts[:, :, None]).squeeze(2)
        stops_before = (inputs == stop).cumsum(dim=1)
        # The original counts the token after the stop as well (DATA/parity/README.md, B3).
        return [(chosen * (stops_before <= most)).sum(dim=1) for most in (0, 1)]


class Decoder(nn.Module):
    """p(d|E): an LSTM that attends to the exemplars. Modules have the names of the weights."""

    def __init__(self, sizes, vocabulary):
        super().__init__()
        features, hidden = sizes["features"], sizes["hidden"]
        self.init_h = nn.Sequential(nn.Linear(features, hidden), nn.Tanh())
        self.init_c = nn.Sequential(nn.Linear(features, hidden), nn.Tanh())
        self.embedding = nn.Embedding(vocabulary, sizes["embedding"])
        self.attend = Attention(features, hidden, sizes["attention"])
        self.feature_gate = nn.Sequential(nn.Linear(hidden, features), nn.Sigmoid())
        self.lstm = nn.LSTMCell(sizes["embedding"] + features, hidden)
        self.output = nn.Sequential(nn.Dropout(), nn.Linear(hidden, vocabulary))
        self.lm = LanguageModel(vocabulary, sizes["language_model_embedding"],
                                sizes["language_model_hidden"], sizes["language_model_layers"])
        self.start, self.stop = vocabulary - 4, vocabulary - 3

    def step(self, tokens, state):
        """log p of the next token after `tokens` [rows], and the state then."""
        attention = self.attend(state["hidden"], state["features"])
        context = torch.bmm(attention[:, None], state["features"]).squeeze(1)
        gated = self.feature_gate(state["hidden"]) * context
        inputs = torch.cat([self.embedding(tokens), gated], dim=1)
        hidden, cell = self.lstm(inputs, (state["hidden"], state["cell"]))
        log_probabilities = torch.log_softmax(self.output(hidden), dim=1)
        return log_probabilities, {"features": state["features"], "hidden": hidden, "cell": cell}

    def rerank(self, features, beam_size=BEAM_SIZE, temperature=TEMPERATURE):
        """Of units [units, k, features]: the beam, best first, and both scores by which one of it
        is chosen: as the method says, and with the original's language model's score."""
        units = len(features)
        mean = features.mean(dim=1)
        state = {"features": features, "hidden": self.init_h(mean), "cell": self.init_c(mean)}
        first = torch.full((units,), self.start)
        texts, likelihoods = search(self.step, state, first, self.stop, beam_size, LENGTH)
        priors = self.lm.score(texts.flatten(0, 1), self.start, self.stop)
        scores = [likelihoods - temperature * prior.view(units, -1) for prior in priors]
        return {"texts": texts, "likelihoods": likelihoods, "priors": priors, "pmi": scores[0],
                "pmi_of_original": scores[1]}


def load_decoder(weights, sizes, vocabulary):
    decoder = Decoder(sizes, vocabulary)
    state = {name: torch.from_numpy(values.astype("float32")) for name, values in weights.items()}
    decoder.load_state_dict({name: state[name] for name in decoder.state_dict()})
    return decoder.eval()


class Texts:
    """Words of ids: up to the stop, without marks."""

    def __init__(self, words):
        self.words = words
        self.stop = len(words) + 1

    def __call__(self, tokens):
        ids = tokens.tolist()
        ids = ids[:ids.index(self.stop)] if self.stop in ids else ids
        return " ".join(self.words[token] for token in ids if token < len(self.words))


def described(found, texts):
    """For each unit the text of either score; the method's score and its lead over the second; and
    the length of the beam's texts, the stop included: on average and of the longest."""
    rows = []
    for unit, beam in enumerate(found["texts"]):
        best, second = found["pmi"][unit].topk(2).values.tolist()
        lengths = beam.shape[1] - ((beam == texts.stop).sum(dim=1) - 1).clamp(min=0)
        rows.append({"text": texts(beam[found["pmi"][unit].argmax()]),
                     "text_of_original": texts(beam[found["pmi_of_original"][unit].argmax()]),
                     "pmi": best, "margin": best - second,
                     "mean_length": lengths.float().mean().item(), "length": lengths.max().item()})
    return rows


def main(bundle, features_path, result_path, batch_size="1"):
    torch.set_num_threads(1)
    manifest = json.loads((Path(bundle) / "bundle.json").read_text())
    texts = Texts(manifest["vocabulary"])
    decoder = load_decoder(read_safetensors(Path(bundle) / "weights.safetensors"),
                           manifest["sizes"], len(texts.words) + 4)
    features = torch.from_numpy(numpy.load(features_path))
    rows = []
    start, processor_start = time.perf_counter(), time.process_time()
    with torch.no_grad():
        for batch in features.split(int(batch_size)):
            rows += described(decoder.rerank(batch), texts)
    seconds = {"wall": time.perf_counter() - start,
               "processor": time.process_time() - processor_start}
    Path(result_path).write_text(json.dumps({"units": rows, "seconds": seconds}))
    print(f"  original's method, batches of {batch_size}: {len(rows) / seconds['wall']:.2f} "
          f"units/s, by processor time {len(rows) / seconds['processor']:.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
