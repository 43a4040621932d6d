"""The hypothalamus: energy, fatigue, drives, mood, and the personality that sets how the brain learns."""
