"""Who is asked: gate features, gating, merit."""
