"""Intervals, p-values and tables of the experiments."""
import argparse
import math
import pathlib
import tempfile
import unittest
import unittest.mock

import common
import generalization
import spurious_text_tables as tables


class StudentTest(unittest.TestCase):
    def test_interval_of_known_values(self):
        # Mean 3, deviation 1.5811, t of 4 degrees of freedom 2.776.
        mean, low, high = common.interval([1, 2, 3, 4, 5])
        self.assertEqual(mean, 3)
        self.assertAlmostEqual(high - mean, 2.776 * math.sqrt(2.5 / 5), places=3)
        self.assertAlmostEqual(mean - low, high - mean)

    def test_one_value_has_no_interval(self):
        self.assertTrue(math.isnan(common.interval([0.5])[1]))
        self.assertTrue(math.isnan(common.student_p_value([0.5, 0.6])))

    def test_p_value_at_the_end_of_the_interval_is_a_twentieth(self):
        for values in ([1, 2, 3, 4, 5], [0.1, 0.4, 0.2], [5, 9, 7, 7, 8, 12, 4]):
            _, low, _ = common.interval(values)
            self.assertAlmostEqual(common.student_p_value([value - low for value in values]), 0.05, places=3)

    def test_p_value_has_no_sign(self):
        self.assertAlmostEqual(common.student_p_value([1, 2, 3]), common.student_p_value([-1, -2, -3]))

    def test_values_without_spread(self):
        self.assertEqual(common.student_p_value([0, 0, 0]), 1)
        self.assertEqual(common.student_p_value([1, 1, 1]), 0)

    def test_holm(self):
        # 0.01 * 3, then 0.02 * 2 and 0.03 * 1, never less than the one before.
        self.assertEqual(common.holm([0.03, 0.01, 0.02]), [0.04, 0.03, 0.04])
        self.assertTrue(math.isnan(common.holm([math.nan, 0.5])[0]))
        self.assertEqual(common.holm([math.nan, 0.5])[1], 0.5)

    def test_lists_of_seeds(self):
        self.assertEqual(common.seeds("1-3,7"), [1, 2, 3, 7])


class CurveTest(unittest.TestCase):
    curve = [{"units": 0, "edit": {"value": 0.5}}, {"units": 10, "edit": {"value": 0.7}}]

    def test_between_measured_numbers_along_a_line(self):
        self.assertAlmostEqual(tables.at(self.curve, "edit", 5), 0.6)

    def test_nothing_is_said_beyond_or_of_what_was_not_measured(self):
        self.assertIsNone(tables.at(self.curve, "edit", 11))
        self.assertIsNone(tables.at(self.curve, "random", 5))


class EffectTest(unittest.TestCase):
    def result(self, removed):
        test = {"before": {"value": 0.5}, "after": {"value": 0.6}, "random": {"trials": [0.4, 0.5]},
                "sorted": {"trials": [0.55]}}
        edit = {"removed": removed, "tests": [test | {"photos": "clean"}, test | {"photos": "counter-cue"}]}
        return {"accuracy": {"clean": 0.5, "counter": 0.5}, "edits": {"like": edit, "clean": None}}

    def test_compares_with_the_mean_of_the_controls(self):
        effect = tables.effect(self.result(3), "like", "counter")
        self.assertAlmostEqual(effect["change"], 0.1)
        self.assertAlmostEqual(effect["less_random"], 0.15)
        self.assertAlmostEqual(effect["less_sorted"], 0.05)

    def test_removing_nothing_changes_nothing(self):
        for result, validation in ((self.result(0), "like"), (self.result(3), "clean")):
            self.assertEqual(tables.effect(result, validation, "clean")["change"], 0)


class GeneralizationTest(unittest.TestCase):
    rows = [{"layer": "a", "unit": str(i), "certainty": "unclear" if i % 4 == 0 else "clear"} for i in range(100)]

    def test_draws_are_of_units_that_were_clear_and_depend_on_the_seed_alone(self):
        drawn = generalization.sample(self.rows, 0.1, 500, 3)
        self.assertEqual(len(drawn), 8)  # of 75
        self.assertTrue(all(unit % 4 for _, unit in drawn))
        self.assertEqual(drawn, generalization.sample(list(reversed(self.rows)), 0.1, 500, 3))
        self.assertNotEqual(drawn, generalization.sample(self.rows, 0.1, 500, 4))
        self.assertEqual(len(generalization.sample(self.rows, 1, 20, 3)), 20)

    def test_a_network_is_left_out_with_all_its_annotations(self):
        with tempfile.TemporaryDirectory() as folder:
            data = pathlib.Path(folder, "data")
            further = pathlib.Path(folder, "further")
            for path in [data / "annotations" / f"{name}.csv" for name in generalization.NETWORKS] + [
                    further / "mobilenet_v2.csv", further / "another.csv"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                generalization.write(path, self.rows, list(self.rows[0]))
            with unittest.mock.patch.object(generalization, "FURTHER", further):
                experiment = generalization.Experiment(argparse.Namespace(milan="", data=data, work=folder))
                sources = experiment.sources_without("mobilenet_v2")
        self.assertEqual(set(sources), {"resnet18_to_layer3", "squeezenet1_1", "squeezenet_places365", "further/another"})
        self.assertEqual(sources["further/another"], self.rows)

    def test_rows_with_several_trials_have_a_deviation(self):
        scores = [{"descriptions": value, "retrieval": 0.2, "constant": 0.1} for value in (0.3, 0.4)]
        entry, = generalization.summarize([("within", "net", scores)])
        self.assertEqual((entry["descriptions"], entry["descriptions_sd"], entry["trials"]), ("0.350", "0.071", 2))
        self.assertIn("| within | net | 2 | 0.350 ± 0.071 | 0.200 ± 0.000 |", generalization.to_markdown([entry]))


if __name__ == "__main__":
    unittest.main()
