"""Benchmarks: each measures a part of Kaojian beside a peer in the same run and prints JSON lines; none asserts."""
