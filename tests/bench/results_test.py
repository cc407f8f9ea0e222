"""How the bench judges, on values whose answer is known."""

import sys
import unittest
from pathlib import Path
from random import Random
from types import SimpleNamespace

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from load import report, results  # noqa: E402


def workload(name, *cases):
    made = [SimpleNamespace(name=case, is_peer=case != "direct") for case in cases]
    return SimpleNamespace(name=name, title=name, cases=made)


def runs(**values):
    """A run a value: figures by case, of workloads of one figure."""
    (figure,) = {figure for of in values.values() for figure in of}
    return [(case, {figure: value}) for case, of in values.items() for value in of[figure]]


class Ratios(unittest.TestCase):
    CASES = ("sluice", "haproxy", "nginx", "direct")

    def judged(self, name, figure, sluice, haproxy, nginx, direct):
        of = dict(zip(self.CASES, (sluice, haproxy, nginx, direct)))
        made = workload(name, *self.CASES)
        return results.digest(made, runs(**{case: {figure: of[case]} for case in of}))

    def test_best_peer_is_the_fastest_for_a_rate_and_the_cheapest_for_a_cost(self):
        for figure, own, direct, best, verdict in (
            ("rate", 105, 900, "nginx", "met"),
            ("p99", 52.5, 1, "haproxy", "missed"),
        ):
            said = self.judged("web", figure, [own], [50], [100], [direct])["ratios"][figure]
            self.assertEqual((said["against"], said["verdict"]), (best, verdict))
            self.assertAlmostEqual(said["ratio"], 1.05)
            self.assertNotIn("interval", said, "of one round")

    def test_a_target_against_one_is_judged_by_that_one_alone(self):
        cases = ("sluice", "haproxy", "haproxy-splice")
        values = {"sluice": [60] * 5, "haproxy": [50] * 5, "haproxy-splice": [100] * 5}
        made = workload("bulk-8", *cases)
        of = runs(**{case: {"cpu_per_gigabit": values[case]} for case in cases})
        said = results.digest(made, of)["ratios"]["cpu_per_gigabit"]
        self.assertEqual(said["against"], "haproxy-splice")
        self.assertEqual(said["interval"], [0.6, 0.6])

    def test_steady_rounds_have_a_narrow_interval(self):
        said = self.judged("web", "rate", [110] * 9, [100] * 9, [90] * 9, [500] * 9)
        self.assertEqual(said["ratios"]["rate"]["interval"], [1.1, 1.1])

    def test_what_slows_all_of_a_round_alike_does_not_widen_it(self):
        speed = [1, 2, 0.5, 1.5, 0.7, 1.2, 3, 0.9, 1.1]
        own, other = [110 * s for s in speed], [100 * s for s in speed]
        said = self.judged("web", "rate", own, other, [1] * 9, [500] * 9)
        low, high = said["ratios"]["rate"]["interval"]
        self.assertAlmostEqual(low, 1.1)
        self.assertAlmostEqual(high, 1.1)

    def test_it_holds_the_truth_about_nine_times_in_ten(self):
        random = Random(7)
        held, runs_of_it = 0, 60
        for _ in range(runs_of_it):
            own, other = ([random.gauss(100, 10) for _ in range(15)] for _ in range(2))
            low, high = results.interval_of_ratio(own, [other], False)
            self.assertLess(low, high)
            held += low <= 1 <= high
        self.assertGreaterEqual(held, runs_of_it * 0.8)

    def test_a_round_that_lacks_a_value_has_none(self):
        self.assertIsNone(results.interval_of_ratio([1] * 9, [[1] * 8], False))
        self.assertIsNone(results.interval_of_ratio([1] * 9, [[0] * 9], False))

    def test_the_table_has_a_cell_for_each_head(self):
        said = self.judged("web", "p99", [1e-3] * 9, [2e-3] * 9, [3e-3] * 9, [1e-4] * 9)
        said["ceilings"] = {"p99": {"value": 1e-3, "bound": 2e-3, "stretch": 0, "verdict": "met"}}
        lines = report.targets_table({"workloads": {"web": said}}).splitlines()
        self.assertEqual(len({line.count("|") for line in lines}), 1, lines)
        self.assertIn("| 0.50 – 0.50 |", lines[2])


if __name__ == "__main__":
    unittest.main()
