"""Beam search as the original does it: every hypothesis is a row of every step, ended or not."""

import torch


def _expanded(state, beam_size):
    """Each row of each tensor, `beam_size` times in a row. These are copies."""
    return {name: rows.repeat_interleave(beam_size, dim=0) for name, rows in state.items()}


def _reordered(state, parents):
    """The rows that the hypotheses come from, of everything that the step needs: the features, too,
    which are the same in all rows of a unit."""
    units, beam_size = parents.shape
    rows = (torch.arange(units)[:, None] * beam_size + parents).flatten()
    return {name: values.index_select(0, rows) for name, values in state.items()}


def _traced(tokens, parents):
    """Texts [units, beam_size, steps] of the tokens and parents of each step."""
    place = torch.arange(tokens[0].shape[1]).expand_as(tokens[0])
    found = []
    for step in range(len(tokens) - 1, -1, -1):
        found.append(tokens[step].gather(1, place))
        if step > 0:
            place = parents[step - 1].gather(1, place)
    return torch.stack(found[::-1], dim=2)


def search(step, state, first, stop, beam_size, length):
    """The `beam_size` texts that are likeliest, best first, of each row of `first`: (tokens [units,
    beam_size, length], filled with stops, sums of log p [units, beam_size]).

    step(tokens [rows], state) gives log p [rows, vocabulary] and the state after them.
    """
    units = len(first)
    log_probabilities, state = step(first, state)
    scores, chosen = log_probabilities.topk(beam_size)
    tokens, parents = [chosen], []
    state = _expanded(state, beam_size)
    # What has ended goes on with stops, for nothing.
    after_stop = torch.full_like(log_probabilities[:1], torch.finfo(torch.float32).min)
    after_stop[:, stop] = 0
    for _ in range(length - 1):
        last = tokens[-1].reshape(-1)
        if (last == stop).all():
            break
        log_probabilities, state = step(last, state)
        log_probabilities = torch.where((last == stop)[:, None], after_stop, log_probabilities)
        steps, nexts = log_probabilities.topk(beam_size)
        sums = (steps.view(units, beam_size, beam_size) + scores[:, :, None]).flatten(1)
        scores, places = sums.topk(beam_size)
        tokens.append(nexts.view(units, -1).gather(1, places))
        parents.append(places.div(beam_size, rounding_mode="floor"))
        state = _reordered(state, parents[-1])
    texts = _traced(tokens, parents)
    padding = torch.full((units, beam_size, length - texts.shape[2]), stop)
    return torch.cat([texts, padding], dim=2), scores
