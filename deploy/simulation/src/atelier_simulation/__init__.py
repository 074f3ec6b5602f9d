"""How the house behaves at scale: a simulation with measured service times."""
