# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arithmetic, on samples computed by hand."""

import unittest

from compare import figures
from compare.figures import Spread

from . import samples


class Figures(unittest.TestCase):
    def setUp(self):
        self.results = samples.results()
        self.one, self.two = self.results["rows"]

    def test_spread(self):
        self.assertEqual(Spread.of([3.0, 1.0, 2.0]), Spread(2.0, 1.0, 3.0, 3))
        self.assertEqual(Spread.of([4.0, 1.0]).median, 2.5)
        self.assertIsNone(Spread.of([]))

    def test_times_are_medians_over_runs_and_tokens(self):
        self.assertEqual(figures.first_token(self.one, 3), Spread(36.0, 32.0, 40.0, 3))
        # 20 21 22 23 24 26
        self.assertEqual(figures.per_token(self.one, 3), Spread(22.5, 20.0, 26.0, 6))
        self.assertIsNone(figures.first_token(self.one, 4))

    def test_generation_is_measured_or_computed(self):
        spread, made = figures.generation(self.two, 3, 3)
        self.assertTrue(made)
        self.assertEqual(spread, Spread(31.5, 31.0, 32.0, 2))
        spread, made = figures.generation(self.two, 3, 5)
        self.assertFalse(made)
        self.assertEqual(spread, Spread(9.5 + 4 * 11, 9 + 4 * 10, 10 + 4 * 12, 2))

    def test_speedups(self):
        gain = figures.speedup(figures.first_token(self.one, 3), figures.first_token(self.two, 3))
        self.assertAlmostEqual(gain, 36 / 9.5)
        self.assertIsNone(figures.speedup(None, figures.first_token(self.two, 3)))
        self.assertIs(figures.parent_row(self.results, self.two), self.one)
        self.assertIs(figures.base_row(self.results), self.one)

    def test_parent_has_as_many_threads_or_fewer(self):
        more = {**samples.copy_of(self.one), "threads": 2}
        self.results["rows"].append(more)
        self.assertIs(figures.parent_row(self.results, self.two), self.one)
        self.two["threads"] = 2
        self.assertIs(figures.parent_row(self.results, self.two), more)
        more["status"] = "failed"
        self.assertIs(figures.parent_row(self.results, self.two), self.one)

    def test_work(self):
        # 12 * 2 * 2 a token, 2 * T * (T + 1) / 2 for scores, as many for values, 10 * 2 logits.
        self.assertEqual(figures.prefill_multiply_adds(samples.MODEL, 3), 48 * 3 + 24 + 20)
        self.assertEqual(figures.token_multiply_adds(samples.MODEL, 4), 48 + 16 + 20)
        # The two agree: a prompt is its tokens one by one, with one row of logits.
        for T in (1, 7):
            one_by_one = sum(figures.token_multiply_adds(samples.MODEL, t) for t in range(1, T + 1))
            self.assertEqual(figures.prefill_multiply_adds(samples.MODEL, T), one_by_one - 20 * (T - 1))

    def test_shares_are_of_the_best_limit_seen(self):
        # 188 multiply-adds at 100/s are 1.88 s; 400 bytes at 50/s are 8 s.
        self.assertAlmostEqual(figures.first_token_share(self.results, self.two, 3), 8 / 9.5)
        self.results["limits"][0]["samples"][0]["read"] = 4e9
        self.assertAlmostEqual(figures.first_token_share(self.results, self.two, 3), 1.88 / 9.5)
        self.assertAlmostEqual(figures.per_token_share(self.results, self.two, 3), 0.84 / 11)
        self.two["threads"] = 2  # not measured
        self.assertIsNone(figures.per_token_share(self.results, self.two, 3))

    def test_contexts(self):
        self.one["contexts"] = [
            {"tokens": 8, "steps": [9.0, 5.0, 6.0]},
            {"tokens": 2, "steps": [9.0, 1.0, 2.0]},
        ]
        curve = figures.context_curve(self.one)
        self.assertEqual([(t, s.median) for t, s in curve], [(2, 1.5), (8, 5.5)])
