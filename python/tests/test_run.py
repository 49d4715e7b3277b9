"""A run folder as arrays and tables, and all the way from a torch module where torch is there.

$MILAN is the program, $FIXTURE the one that makes a small network and photos (tests/cli)."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np

import milan

try:
    import pandas
except ImportError:
    pandas = None
try:
    import torch
except ImportError:
    torch = None

SOURCE = pathlib.Path(__file__).resolve().parents[2]
FIXTURE = os.environ.get("FIXTURE")


@unittest.skipUnless(FIXTURE, "FIXTURE names no program")
class FromAFixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls._folder.name)
        subprocess.run([FIXTURE, cls.folder], check=True)
        cls.run_folder = cls.folder / "run"
        milan.run_milan("exemplars", cls.folder / "network.onnx", cls.folder / "photos", "-o",
                        cls.run_folder, "--layers", "layer*", "--resize", "72", "--crop", "64", "-k", "5",
                        progress=False)
        cls.run_ = milan.load(cls.run_folder)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()


class Loading(FromAFixture):
    def test_layers_units_and_photos(self):
        self.assertEqual(list(self.run_.layers), ["layer1", "layer2"])
        layer = self.run_["layer1"]
        self.assertEqual(layer.units, 8)
        self.assertEqual(layer.maps.shape, (8, 5, 32, 32))
        self.assertEqual(layer.states[3], "dead")
        self.assertTrue(all(path.is_file() for path in layer.photo_paths(0)))
        self.assertEqual(len(self.run_.photos), 40)
        with self.assertRaisesRegex(KeyError, "no layer 'layer9'; it has layer1, layer2"):
            self.run_["layer9"]

    def test_printing_takes_a_line(self):
        layer = self.run_["layer1"]
        self.assertEqual(repr(layer), "Layer('layer1': 8 units (7 alive, 1 dead), 5 exemplars each, "
                                      "maps 32x32)")
        self.assertLess(len(repr(self.run_)), 300)
        self.assertNotIn("array", str(self.run_.layers))
        self.assertNotEqual(layer, self.run_["layer2"])  # arrays would not say yes or no

    def test_peaks_are_the_maxima_of_the_maps(self):
        layer = self.run_["layer2"]
        peaks = layer.maps.astype(np.float32).max(axis=(2, 3))
        np.testing.assert_allclose(peaks, layer.activations, rtol=2e-3)
        self.assertTrue((np.diff(layer.activations, axis=1) <= 0).all())

    def test_masks_are_those_of_milan(self):
        out = self.folder / "export"
        milan.run_milan("export", self.run_folder, "-o", out, "--format", "milan", "--size", "64",
                        progress=False)
        for name, layer in self.run_.layers.items():
            expected = np.load(out / name / "masks.npy")[:, :, 0]
            for unit in range(layer.units):
                masks = layer.masks(unit)
                # Sums of products may round otherwise at a pixel that lies on the threshold.
                self.assertLess(np.mean(masks != expected[unit, :len(masks)]), 1e-4)
                self.assertEqual(masks.shape[1:], (64, 64))

    def test_a_run_without_descriptions_has_none(self):
        self.assertEqual(self.run_.descriptions, [])
        with self.assertRaisesRegex(KeyError, "no description of unit 0"):
            self.run_.description("layer1", 0)

    @unittest.skipUnless(pandas, "needs pandas")
    def test_tables(self):
        table = self.run_.table()
        self.assertEqual(len(table), 20)
        self.assertEqual(table.state.value_counts()["dead"], 1)
        exemplars = self.run_.exemplar_table()
        self.assertEqual(len(exemplars), 20 * 5)
        best = exemplars[(exemplars.layer == "layer2") & (exemplars.unit == 4)].iloc[0]
        self.assertEqual(best.photo, self.run_["layer2"].photo_names(4)[0])

    def test_what_is_no_run_is_named(self):
        with self.assertRaisesRegex(FileNotFoundError, "run.json is missing"):
            milan.load(self.folder / "photos")
        broken = self.folder / "broken"
        broken.mkdir()
        (broken / "run.json").write_text("{" * 100_000)
        with self.assertRaisesRegex(ValueError, "run.json: not JSON"):
            milan.load(broken)
        for change, text in (({"version": 99}, "newer milan"), ({"complete": False}, "not complete"),
                             ({"format": "other"}, "format milan-run")):
            (broken / "run.json").write_text(json.dumps({**self.run_.manifest, **change}))
            with self.assertRaisesRegex(ValueError, text):
                milan.load(broken)

    def test_damaged_exemplars_are_named(self):
        path = self.run_folder / "exemplars" / "layer1.safetensors"
        damaged = self.folder / "damaged.safetensors"
        for data in (b"", b"\xff" * 8, path.read_bytes()[:5000], path.read_bytes()[:60]):
            damaged.write_bytes(data)
            with self.assertRaisesRegex(ValueError, "damaged.safetensors"):
                milan.read_safetensors(damaged)


class Describing(FromAFixture):
    def test_descriptions_with_scores_and_runners_up(self):
        run = milan.describe(self.folder / "network.onnx", self.folder / "photos", self.folder / "words",
                             layers=["layer1"], beam=5, k=5, resize=72, crop=64, no_report=True,
                             criterion="pmi",  # whose runners-up have a lower one
                             bundle=SOURCE / "models" / "base", progress=False)
        self.assertEqual(len(run.descriptions), 8)
        best = run.description("layer1", 0)
        self.assertTrue(best.text)
        self.assertAlmostEqual(best.pmi, best.log_likelihood - 0.2 * best.log_prior, places=3)
        self.assertTrue(best.others and best.others[0][3] <= best.pmi)
        dead = run.description("layer1", 3)
        self.assertEqual((dead.state, dead.text), ("dead", ""))
        if pandas:
            self.assertEqual(run.table().description[0], best.text)

    def test_errors_of_the_program(self):
        with self.assertRaisesRegex(milan.MilanError, "laier") as caught:
            milan.describe(self.folder / "network.onnx", self.folder / "photos", self.folder / "x",
                           layers=["laier"], progress=False)
        self.assertEqual(caught.exception.exit_code, 2)


def small_module():
    from torch import nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1)
            self.norm = nn.BatchNorm2d(4)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.norm(self.conv(self.relu(x))) + x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
            self.layers = nn.Sequential(Block(), Block())
            self.drop = nn.Dropout()
            self.fc = nn.Linear(4, 6)

        def forward(self, x):
            x = self.drop(self.layers(self.stem(x)))
            return self.fc(x.mean((2, 3)).view(x.size(0), -1))

    torch.manual_seed(1)
    net = Net()
    for block in net.layers:
        block.norm.running_var.uniform_(0.5, 2)
        block.norm.running_mean.uniform_(-1, 1)
    return net


@unittest.skipUnless(torch, "needs torch")
class Exporting(FromAFixture):
    def export(self, name="net.onnx", **options):
        self.net = small_module()
        options = {"mean": [0.5] * 3, "std": [0.25] * 3, "resize": 72, **options}
        return milan.export(self.net, torch.zeros(1, 3, 64, 64), self.folder / name, **options)

    def layers_of(self, network):
        found = json.loads(milan.run_milan("layers", network, "--all", "--json", progress=False))
        return {layer["name"]: layer for layer in found}

    def test_layers_have_the_names_of_modules(self):
        exported = self.export()
        layers = self.layers_of(exported.network)
        for name in ("stem", "layers.0.relu", "layers.0.conv", "layers.0.norm", "layers.0", "layers", "fc"):
            self.assertIn(name, layers)
        self.assertEqual(exported.modules["layers.1.relu#2"], "layers")
        self.assertEqual(exported.modules["drop"], "layers")  # passes on what it is given
        self.assertFalse([name for name in layers if "Mark" in name])
        self.assertTrue(self.net.training)

    def test_batch_norm_may_be_folded(self):
        layers = self.layers_of(self.export("folded.onnx", keep_batch_norm=False).network)
        self.assertNotIn("layers.0.conv", layers)
        self.assertEqual(layers["layers.0.norm"]["operator"], "Conv")

    def test_the_sidecar_says_how_photos_become_input(self):
        exported = self.export()
        sidecar = json.loads(exported.sidecar.read_text())
        self.assertEqual(sidecar["input"]["resize"]["shorter_side"], 72)
        self.assertEqual(sidecar["input"]["crop"], [64, 64])
        self.assertEqual(sidecar["modules"]["fc"], "fc")

    def test_wrong_requests_are_named(self):
        with self.assertRaisesRegex(ValueError, r"\(1, 4, 8, 8\)"):
            milan.export(small_module(), torch.zeros(1, 4, 8, 8), self.folder / "x.onnx")
        with self.assertRaisesRegex(ValueError, "mean must have three"):
            milan.export(small_module(), torch.zeros(1, 3, 64, 64), self.folder / "x.onnx", mean=[1])
        self.assertFalse((self.folder / "x.onnx").exists())

    def test_values_are_those_of_the_hooks(self):
        exported = self.export()
        run, out = self.folder / "torch-run", self.folder / "torch-out"
        milan.run_milan("exemplars", exported.network, self.folder / "photos", "-o", run, "-k", "4",
                        "--layers", "stem", "--layers", "layers.0", "--layers", "layers", progress=False)
        milan.run_milan("export", run, "-o", out, "--format", "milan", "--size", "64", progress=False)
        self.net.eval()
        for name in ("stem", "layers.0", "layers"):
            values = []
            hook = self.net.get_submodule(name).register_forward_hook(
                # The block after it works in place.
                lambda _module, _inputs, output: values.append(output.detach().clone()))
            layer = milan.load(run)[name]
            pictures = np.load(out / name / "images.npy")
            for unit in range(layer.units):
                x = (torch.from_numpy(pictures[unit]).float() / 255 - 0.5) / 0.25
                values.clear()
                self.net(x)  # a batch of four
                peaks = values[0][:, unit].amax((1, 2)).numpy()
                np.testing.assert_allclose(layer.activations[unit], peaks, rtol=1e-4, atol=1e-5)
            hook.remove()


if __name__ == "__main__":
    unittest.main()
