"""What learns for the tasks of an amygdala: one learner serves the heads of all of them."""
