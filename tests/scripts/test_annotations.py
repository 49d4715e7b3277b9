"""The annotations that ship: what `milan train` may count on."""
import unittest

from generalization import FURTHER as FOLDER, read

COLUMNS = ["layer", "unit", "split", "annotator", "certainty", "description"]


class AnnotationsTest(unittest.TestCase):
    def check(self, paths, split):
        self.assertGreaterEqual(len(paths), 4)
        for path in paths:
            with self.subTest(path.name):
                rows = read(path)
                self.assertEqual(list(rows[0]), COLUMNS)
                units = [(row["layer"], int(row["unit"])) for row in rows]
                self.assertEqual(len(set(units)), len(units))
                for row in rows:
                    self.assertEqual(row["split"], split)
                    self.assertIn(row["certainty"], ("clear", "partly", "unclear"))
                    self.assertEqual(row["description"], " ".join(row["description"].lower().split()))
                    self.assertTrue(1 <= len(row["description"].split()) <= 14, row)

    def test_units_are_described_once_in_the_style_of_the_house(self):
        self.check(sorted(FOLDER.glob("*.csv")), "train")

    def test_what_shows_agreement_is_not_trained_on(self):
        self.check(sorted((FOLDER / "agreement").glob("*.csv")), "val")

    def test_the_readme_counts_the_units(self):
        text = (FOLDER / "README.md").read_text(encoding="utf-8")
        total = 0
        for path in FOLDER.glob("*.csv"):
            count = len(read(path))
            total += count
            line, = (line for line in text.splitlines() if line.startswith(f"| `{path.name}` |"))
            self.assertTrue(line.endswith(f"| {count:,} |"), line)
        self.assertIn(f"{total:,} units", text)


if __name__ == "__main__":
    unittest.main()
