package domain

// The events of what leaves the house.
const (
	WebhookCreated  EventType = "webhook.created"
	WebhookUpdated  EventType = "webhook.updated"
	WebhookRotated  EventType = "webhook.secret_rotated"
	WebhookDisabled EventType = "webhook.disabled"
	WebhookEnabled  EventType = "webhook.enabled"
	WebhookDeleted  EventType = "webhook.deleted"
	WebhookTested   EventType = "webhook.tested"
	WebhookReplayed EventType = "webhook.replayed"
	LetterFailed    EventType = "letter.failed"
)
