"""The pages of leaders: commune, plan, city, teams, boundaries, 5G, tasks, the wall."""
