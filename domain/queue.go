package domain

// Queue is where work waits for whoever is in it; a person is in any number of them.
type Queue struct{ Entry[Queue] }

// QueueID identifies a queue.
type QueueID = ID[Queue]

const (
	// MaxQueues bounds the queues of one organisation.
	MaxQueues = 1000
	// maxQueuesOfUser bounds the queues of one person.
	maxQueuesOfUser = 200
)
