"""The names that bind each sealed field of a complaint to its place."""

COMPLAINT_DETAIL = "payments.complaint.detail"
COMPLAINT_PHONE = "payments.complaint.phone"
COMPLAINT_ANSWER = "payments.complaintact.text"
