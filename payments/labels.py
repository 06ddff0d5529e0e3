"""The names that bind each sealed field of payments to its place."""

COMPLAINT_DETAIL = "payments.complaint.detail"
COMPLAINT_PHONE = "payments.complaint.phone"
COMPLAINT_ANSWER = "payments.complaintact.text"
ORIGINAL_REQUEST = "payments.paymentoriginal.request"
ORIGINAL_RESPONSE = "payments.paymentoriginal.response"
