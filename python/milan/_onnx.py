"""Renames values of an ONNX file, as protobuf bytes: the `onnx` package need not be there.

A message is a list of [field, wire type, content]; what is not looked into stays bytes."""

_MODEL_GRAPH, _MODEL_OPSET = 7, 8
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO = 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 4, 5, 7
_ATTRIBUTE_STRING, _ATTRIBUTE_GRAPH = 4, 6
_TENSOR_NAME = 8


def _read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def parse(data):
    fields, at = [], 0
    data = memoryview(data)
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            content, at = _read_varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, at = _read_varint(data, at)
            content, at = bytes(data[at:at + size]), at + size
        fields.append([number, wire, content])
    return fields


def encode(fields):
    parts = []
    for number, wire, content in fields:
        parts.append(_varint(number << 3 | wire))
        if wire == 0:
            parts.append(_varint(content))
        else:
            parts += [_varint(len(content)), content] if wire == 2 else [content]
    return b"".join(parts)


def all_of(fields, number):
    return [content for field, _, content in fields if field == number]


def text_of(fields, number):
    found = all_of(fields, number)
    return found[-1].decode("utf-8", "replace") if found else ""


class Model:
    """Nodes of the outermost graph, to be renamed and removed."""

    def __init__(self, data):
        self._model = parse(data)
        self._graph = parse(all_of(self._model, _MODEL_GRAPH)[0])
        self.nodes = [parse(node) for node in all_of(self._graph, _GRAPH_NODE)]
        self.inputs = [text_of(parse(value), 1) for value in all_of(self._graph, _GRAPH_INPUT)]
        self.outputs = [text_of(parse(value), 1) for value in all_of(self._graph, _GRAPH_OUTPUT)]
        self.initializers = [text_of(parse(weight), _TENSOR_NAME)
                             for weight in all_of(self._graph, _GRAPH_INITIALIZER)]

    def values(self):
        """Names of all that nodes compute, in the file's order."""
        return [name.decode() for node in self.nodes for name in all_of(node, _NODE_OUTPUT) if name]

    def marks(self, domain):
        """(name in the mark, what it reads, what it gives) of the nodes of a domain."""
        found = []
        for node in self.nodes:
            if text_of(node, _NODE_DOMAIN) != domain:
                continue
            attribute = parse(all_of(node, _NODE_ATTRIBUTE)[0])
            found.append((text_of(attribute, _ATTRIBUTE_STRING), text_of(node, _NODE_INPUT),
                          text_of(node, _NODE_OUTPUT)))
        return found

    def save(self, names, without_domain):
        """The file's bytes with values renamed by `names`, without the nodes of a domain. What the
        file says of the shapes of inner values goes: it holds for the example only."""
        graph = []
        nodes = iter(self.nodes)
        for number, wire, content in self._graph:
            if number == _GRAPH_NODE:
                node = next(nodes)
                if text_of(node, _NODE_DOMAIN) != without_domain:
                    graph.append([number, wire, encode(_rename_node(node, names))])
            elif number in (_GRAPH_INPUT, _GRAPH_OUTPUT):
                graph.append([number, wire, encode(_rename(parse(content), {1}, names))])
            elif number != _GRAPH_VALUE_INFO:
                graph.append([number, wire, content])
        model = []
        for number, wire, content in self._model:
            if number == _MODEL_GRAPH:
                content = encode(graph)
            elif number == _MODEL_OPSET and text_of(parse(content), 1) == without_domain:
                continue
            model.append([number, wire, content])
        return encode(model)


def _rename(fields, numbers, names):
    return [[number, wire, names.get(content.decode(), content.decode()).encode()]
            if number in numbers else [number, wire, content] for number, wire, content in fields]


def _rename_node(node, names):
    renamed = []
    for number, wire, content in _rename(node, {_NODE_INPUT, _NODE_OUTPUT}, names):
        if number == _NODE_ATTRIBUTE:
            attribute = parse(content)
            if all_of(attribute, _ATTRIBUTE_GRAPH):  # the branches of an If read the values around them
                content = encode([[n, w, _rename_graph(c, names) if n == _ATTRIBUTE_GRAPH else c]
                                  for n, w, c in attribute])
        renamed.append([number, wire, content])
    return renamed


def _rename_graph(data, names):
    return encode([[number, wire, encode(_rename_node(parse(content), names))
                    if number == _GRAPH_NODE else
                    encode(_rename(parse(content), {1}, names)) if number == _GRAPH_OUTPUT else content]
                   for number, wire, content in parse(data)])
