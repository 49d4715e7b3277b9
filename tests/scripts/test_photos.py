"""Photos that the experiments make: which are held apart, which carry names, and which names."""
import contextlib
import csv
import io
import pathlib
import tempfile
import unittest

import common

try:
    from PIL import Image
    import overlay_text
    HAS_FONT = pathlib.Path(overlay_text.FONT).exists()
except (ImportError, SystemExit):
    HAS_FONT = False


class Folders(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = pathlib.Path(self.temporary.name)
        self.source = self.folder / "source"


class SplitTest(Folders):
    def setUp(self):
        super().setUp()
        for name in ("a", "b"):
            (self.source / name).mkdir(parents=True)
            for i in range(10):
                (self.source / name / f"{i}.png").touch()

    def split(self, seed):
        target = common.split_classes(self.source, self.folder / f"split-{seed}", 3, seed)
        return {part: {str(path.relative_to(target / part)) for path in (target / part).rglob("*.png")}
                for part in ("train", "val")}

    def test_every_photo_is_in_one_part(self):
        parts = self.split(1)
        self.assertEqual(len(parts["val"]), 6)
        self.assertEqual(sum(name.startswith("a/") for name in parts["val"]), 3)
        self.assertEqual(len(parts["train"] | parts["val"]), 20)

    def test_another_seed_divides_otherwise(self):
        self.assertNotEqual(self.split(1)["val"], self.split(2)["val"])


@unittest.skipUnless(HAS_FONT, "needs python3-pil and fonts-dejavu-core")
class OverlayTest(Folders):
    def setUp(self):
        super().setUp()
        for name in ("n00000001_tench", "n00000002_gas_pump"):
            (self.source / name).mkdir(parents=True)
            for i in range(20):
                Image.new("RGB", (96, 96), (120, 130, 140)).save(self.source / name / f"{i}.jpg")

    def write(self, *options):
        target = self.folder / "target"
        with contextlib.redirect_stdout(io.StringIO()):
            overlay_text.main([str(self.source), str(target), *options])
        with open(target / "names.csv", newline="", encoding="utf-8") as file:
            return target, list(csv.DictReader(file))

    def test_exactly_the_share_of_each_class_has_its_own_name(self):
        target, rows = self.write("--share", "0.25", "--position", "anywhere")
        for label, name in (("n00000001_tench", "tench"), ("n00000002_gas_pump", "gas pump")):
            self.assertEqual([row["name"] for row in rows if row["label"] == label and row["name"]], [name] * 5)
        for row in rows:
            colours = Image.open(target / row["photo"]).convert("L").getextrema()
            self.assertEqual(colours[1] - colours[0] > 100, bool(row["name"]), row)

    def test_random_names_are_of_all_classes(self):
        _, rows = self.write("--share", "1", "--names", "random")
        self.assertEqual({row["name"] for row in rows}, {"tench", "gas pump"})
        self.assertTrue(5 < sum(row["name"] == "tench" for row in rows) < 35)

    def test_what_is_there_is_not_written_over(self):
        self.write()
        with self.assertRaises(SystemExit):
            self.write()


if __name__ == "__main__":
    unittest.main()
