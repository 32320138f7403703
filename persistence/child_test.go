package persistence_test

// childTask is set in a copy of the test binary that is to do something else than test.
const childTask = "USHER_TEST_CHILD"

func runChild(task string) int { return 2 }
