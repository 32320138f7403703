package main

// webhookPurpose is what the secrets of webhooks are sealed for.
const webhookPurpose = "webhook"
