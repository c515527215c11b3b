# What the gateway says in English. Each problem has a title, and a detail that says what to do about it.
# fr.ftl has the same keys and places; `{ $name }` places are filled by the program.

## Problems of any request

not_found = Not found
    .detail = There is nothing here for you, or not under this address.
method_not_allowed = Method not allowed
    .detail = This address does not take { $method }; the Allow header lists what it takes.
host_not_allowed = Host not allowed
    .detail = This gateway does not answer for “{ $host }”. Whoever runs it can add the name to allowed_hosts.
unauthenticated = Sign in first
    .detail = The access token is missing, not valid any more, or its session has ended.
forbidden = Not allowed
    .detail = Your role does not allow this.
account_frozen = Account frozen
    .detail = This account is frozen. Ask support about it.
second_factor_required = Second factor needed
    .detail = Show your second factor again: POST /v1/auth/totp/verify with this token and a current code.
second_factor_not_enrolled = No second factor enrolled
    .detail = Your role needs a second factor and none is enrolled. Ask whoever runs this gateway.
rate_limited = Too many requests
    .detail = Wait { $seconds } s before you try again.
overloaded = Too busy
    .detail = Nothing was accepted: too much is being worked on. Send the same request again in a moment.
unavailable = Not available now
    .detail = Something this needs is not reachable now. Send the same request again later.
request_timeout = Took too long
    .detail = The request was given up. It may have had its effect: send the same request with the same key.
internal_error = Our fault
    .detail = Something went wrong on our side. Quote the request id when you ask about it.

## Problems of a request's form

invalid_json = Not JSON
    .detail = The body is not well-formed JSON (line { $line }, column { $column }).
invalid_body = Body cut short
    .detail = The body did not arrive whole.
unsupported_media_type = Wrong content type
    .detail = Send the body as application/json.
payload_too_large = Body too large
    .detail = The body may have at most { $limit } bytes.
validation_failed = Some fields are not right
    .detail = See the errors, one for each field.
unknown_field = Unknown or repeated field
    .detail = There is no field “{ $field }” here.
repeated_field = Repeated field
    .detail = The field “{ $field }” is there more than once.
missing_field = Missing field
    .detail = The field “{ $field }” is needed.
invalid_type = Wrong type
    .detail = This is not of the type that is expected here: { $expected }.
invalid_value = Wrong value
    .detail = This value is not taken here.
invalid_text = Wrong text
    .detail = A text of { $min } to { $max } characters, without control characters, is expected here.
invalid_name = Not a name
    .detail = What a person or company is called is expected here, in letters of any script.
invalid_query = Wrong query parameter
    .detail = The parameter “{ $field }” is unknown, repeated or has a value that is not taken.
invalid_cursor = Wrong cursor
    .detail = This cursor is not one of ours, or belongs to another list or filter. Start again without one.
idempotency_key_missing = Idempotency-Key missing
    .detail = Send an Idempotency-Key header of your own making, one for each thing that you want done.
idempotency_key_invalid = Idempotency-Key not valid
    .detail = An Idempotency-Key is one header of 1 to 255 visible ASCII characters.
idempotency_key_reused = Idempotency-Key reused
    .detail = This key was used for another request. Take a new one for a new intent.
idempotency_in_flight = Still being worked on
    .detail = A request with this key is being worked on. Send the same request again in a moment.
changed_meanwhile = Changed meanwhile
    .detail = Somebody else changed this at the same time. Read it again and decide again.

## Problems of values

invalid_amount = Wrong amount
    .detail = An amount is a plain decimal text, above zero, with no more decimals than its currency has.
invalid_currency = Unknown currency
    .detail = A currency is an ISO 4217 code in capitals, as XOF.
currency_mismatch = Wrong currency
    .detail = { $expected } is expected here.
invalid_phone = Wrong phone number
    .detail = A phone number is written as +221770001122: a plus, the country code and the number; for Senegal, Côte d’Ivoire, Mali and Guinea a mobile number.
invalid_country = Unknown country
    .detail = A country is an ISO 3166 code of two capitals, as SN.
clock_refused = The clock does not move so
    .detail = The sandbox’s clock only goes forward, and not beyond the year 9999.

## Signing in

otp_invalid = Wrong code
    .detail = The code is not right.
otp_expired = Code no longer valid
    .detail = This code was used, or its time is over. Ask for a new one.
token_reused = Session ended
    .detail = This refresh token was used before, so its session was ended. Sign in again.
phone_taken = Number not available
    .detail = This number belongs to another account. Sign in with it, or choose another one.
resting = The balance rests
    .detail = The number of this account was changed a short while ago. Until a day has passed, money stays in the house.

## Quotes and transfers

corridor_unavailable = Corridor not available
    .detail = No rail that is configured carries money this way.
amount_out_of_range = Amount out of range
    .detail = From { $min } to { $max } can be sent this way.
amount_beyond_rail = Amount out of range
    .detail = By { $rail }, fee included, from { $min } to { $max } can be moved at once.
amount_beyond_rail_by_hand = Amount out of range
    .detail = By { $rail }, fee included, from { $min } to { $max } can be moved at once. The rail manual moves more.
amount_below_rail = Amount out of range
    .detail = By { $rail } at least { $min } can be moved.
rail_unavailable = Not by this rail for now
    .detail = Nothing goes by { $rail } for now. Choose another one, or come back later.
rate_stale = No current rate
    .detail = The rate is too old to be offered. Try again later.
invalid_rate = Not a usable rate
    .detail = A rate is plain decimal text above zero, of up to 18 digits; a spread is 0 to less than 10000 basis points with up to 4 decimals. Customers never buy below mid nor sell above it.
rate_out_of_bounds = Rate out of bounds
    .detail = This is too far from the rate in force, from mid, or from what the settings allow. Check it digit by digit.
rate_outdated = Outdated rate
    .detail = Its instant is in the future, or so long ago that it could not be quoted.
rate_fixed = Rate fixed by treaty
    .detail = The mid of this pair is fixed. Only its spreads can be set.
pair_reversed = Pair stored the other way round
    .detail = These two currencies have a rate in the other direction. Set that one.
own_request = Your own request
    .detail = Somebody else has to agree to what you asked for.
digest_mismatch = Not what was shown
    .detail = The digest is not the one of this request. Read it again and decide again.
approval_decided = Already decided
    .detail = This was approved, rejected or voided before.
quote_used = Quote already used
    .detail = A quote serves one transfer. Ask for a new one.
quote_expired = Quote expired
    .detail = This offer’s time is over. Ask for a new one.
insufficient_funds = Not enough money
    .detail = The account does not have that much available.
no_bank_account = No bank account
    .detail = No bank account of ours is configured for this wallet.
transfer_not_cancellable = Too late to cancel
    .detail = The money has left, or the transfer has ended.
transfer_not_on_hold = Not on hold
    .detail = This transfer does not wait for a person, or somebody decided already.
transfer_not_retriable = Cannot be tried again so
    .detail = This transfer does not wait for a person, or its money is not where this could be done.
account_opened = Opened already
    .detail = This account has been posted to. What is missing there is topped up or swept.
not_for_this_kind = Not for this kind
    .detail = This field is not for this kind of movement.
transfer_not_refundable = Cannot be given back
    .detail = { $why ->
        [not_completed] This transfer is not completed: there is nothing to give back, or it goes back already.
        [payout_is_final] The payee has the money, and their operator takes no payout back.
        [too_late] The payee has the money, and the time in which their operator takes a payout back is over.
        [payout_is_whole] Their operator takes a payout back whole or not at all. Give all of it back.
        [funding_is_final] The way this was paid gives nothing back.
        [funding_is_whole] The way this was paid gives all of a payment back or nothing of it.
        [payee_spent_it] The payee’s balance does not hold the amount any more.
       *[other] The rails of this transfer do not give it back.
    }
refund_in_progress = A refund is under way
    .detail = Another refund of this transfer is under way, or waits for a second person.
refund_exceeds = More than what is left
    .detail = { $left } can be given back, at most.
movement_not_open = Not waiting for hands
    .detail = Nobody has to do this movement any more: it was confirmed, refused, or not begun.
movement_not_stuck = Not for people yet
    .detail = Its outcome is known, or has not been unknown for an hour. The provider is being asked.
operator_reference_used = Receipt used before
    .detail = This number has confirmed a movement of this wallet before. Look at the receipt again.
confirmation_pending = Waiting for a second person
    .detail = Somebody has said what became of this movement, and somebody else has to agree or refuse first.
amount_differs = Not the movement’s amount
    .detail = What was moved is not what the movement is over. Ask somebody before you confirm it.
no_late_payment = No late money
    .detail = No money came too late for this transfer, or it has gone back.
late_amount_differs = Not what arrived
    .detail = The new quote’s total is not what arrived. Ask for a quote of exactly that sum, with side “total”.

## Callbacks

webhook_unauthentic = Not authentic
    .detail = The signature is missing, wrong or too old.

## Messages to phones, at most 160 characters of the GSM alphabet

sms-otp = { $code } is your MoneyBridge code. It is valid for { $minutes } minutes. Never give it to anybody.
sms-phone-now = { $code } is the code to change your MoneyBridge number. Valid { $minutes } minutes. You did not ask? Sign out everywhere at once.
sms-phone-next = { $code } is your code to use this number with MoneyBridge. Valid { $minutes } minutes. Never give it to anybody.
sms-new-device = New sign-in to your MoneyBridge account from a device we do not know. It was not you? Sign out everywhere and tell us.
sms-phone-changed = Your MoneyBridge account now uses the number ending in { $number }. It was not you? Tell us at once.
sms-phone-taken-up = This number now signs in to MoneyBridge. For a day, money does not leave the balance.

# Text messages to customers.
notice-payment_received = We received { $paid }. We are sending { $received } to { $payee }.
notice-transfer_completed = { $payee } received { $received }. Thank you!
notice-money_received = You received { $received } from { $payer }.
notice-transfer_on_hold = Your transfer to { $payee } takes longer than usual. We will tell you how it goes on.
notice-refund_started = { $payee } could not be paid. We are giving { $paid } back to you.
notice-refund_completed = We gave { $paid } back to you.
notice-refund_granted = We are giving { $back } of your transfer to { $payee } back to you.
notice-part_refunded = Of your transfer to { $payee } we have given { $refunded } back to you in all.
notice-late_money_received = Your payment of { $paid } came too late. Take a new quote for it within 72 h, or it will be given back.

no_receipt_yet = No receipt yet
    .detail = No money has moved for this transfer yet.
too_many_items = Number of items refused
    .detail = 1 to { $max } items a request.
rail_mismatch = Not the quote’s rail
    .detail = Give the rail that the quote was made for.
country_mismatch = Not the quote’s country
    .detail = The number or country is not the quote’s.
number_not_on_rail = Number not on this rail
    .detail = By { $rail } only numbers of { $operators } in { $countries } are reached. Rails for this number: { $proposed }.
number_not_on_rail_abroad = Number not on this rail
    .detail = By { $rail } only numbers of { $countries } are reached. Rails for this number: { $proposed }.
number_not_on_rail_unless_ported = Number not on this rail
    .detail = By { $rail } only numbers of { $operators } in { $countries } are reached. Rails for this number: { $proposed }. If it was taken along from another operator, say so with “ported”.
unknown_account = Unknown account
    .detail = Nobody has this account.
same_account = The same account
    .detail = Money cannot be sent to oneself.
not_for_this_rail = Not for this rail
    .detail = This field is not for this rail.
invalid_iban = Invalid IBAN
    .detail = Its check digits or its structure are wrong. Copy it again from the bank.
iban_outside_sepa = Outside the SEPA area
    .detail = This account cannot be debited in euros by SEPA.
unknown_mandate = Unknown mandate
    .detail = There is no such mandate of yours in force. Give the IBAN instead.
page-returned-paid = Thank you
    .detail = You can go back to the app: it tells where your transfer stands.
page-returned-not-paid = Not paid
    .detail = You can go back to the app and try again while the request is open.

timeline-created = Transfer accepted
timeline-payment_requested = Payment asked of the payer
timeline-payment_received = Payment received
timeline-payment_declined = The payment was declined
timeline-funded = The money is there and reserved for the payee
timeline-disbursement_started = Sending to the payee has begun
timeline-completed = The payee has the money
timeline-expired = The payment did not come in time
timeline-cancelled = Cancelled
timeline-collection_closed = Payment request closed at the provider
timeline-collection_never_arrived = The provider never saw the payment request; another was made
timeline-late_payment = Payment came too late and was set apart
timeline-late_payment_reused = The late payment funds a new transfer
timeline-late_payment_returned = Late payment given back
timeline-late_return_refused = The provider refuses to take the late payment back; a person takes over
timeline-on_hold = This transfer takes longer than usual
timeline-screening_hit = Held by screening; a person decides
timeline-payee_name_differs = The provider knows the payee by another name; a person decides
timeline-released = The transfer goes on
timeline-transfer_refused = The transfer was not carried out
timeline-refusal_reason = Refused by a person
timeline-refund_started = Refund has begun
timeline-refunded = Refunded
timeline-payout_retried = The payout is being tried again
timeline-refund_retried = The refund is being tried again
timeline-refund_refused = The provider refuses the refund; a person takes over
timeline-payee_refused = The payee could not be paid
timeline-in_reconciliation = The provider did not answer; we are asking what happened
timeline-reconciled = The provider answered; what is under way is known
timeline-outcome_unknown = Outcome unknown
timeline-waits_rail_down = The operator does not answer; the money goes when it is back
timeline-waits_rail_paused = This way to pay is paused; the money goes when it is resumed
timeline-waits_float_low = Our float at the operator is being filled; the money goes then
waiting-rail_down = The operator does not answer. Nothing is lost: the money goes as soon as it is back.
waiting-rail_paused = This way to pay is paused. Nothing is lost: the money goes as soon as it is resumed.
waiting-float_low = Our float at the operator is being filled. Nothing is lost: the money goes then.
timeline-submitted = Accepted by the provider
timeline-sent_again = Sent again under the same reference
timeline-fee_learned = Provider’s fee learned
timeline-disbursement_reversed = The provider took the money back; a person takes over
timeline-collecting = The bank is carrying out the payment
timeline-partly_paid = A part of the payment has come; the rest is awaited
timeline-disputed = The payer’s bank took the payment back
timeline-late_disputed = The payer’s bank took the late payment back
timeline-dispute_won_completed = The dispute was decided for us
timeline-dispute_won_refunded = The dispute was decided for us after the refund
timeline-dispute_won_disbursing = The dispute was decided for us; the payout goes on
timeline-dispute_won_refunding = The dispute was decided for us; the refund goes on
timeline-dispute_won_attention = The dispute was decided for us; a person takes over
timeline-late_dispute_won = The dispute over the late payment was decided for us
timeline-stopped_by_dispute = Stopped, because the payer’s bank took the payment back
timeline-dispute_covered = What came back covers the dispute
timeline-paid_out_while_disputed = Paid out while the payment was disputed
timeline-refund_came_back = The refund came back from the payer’s bank; a person takes over
timeline-late_return_came_back = The returned late payment came back; a person takes over
timeline-became_spendable = The payment became spendable
timeline-refund_asked = A refund was asked for
timeline-refund_reason = Why it is given back
timeline-payee_share_taken_back = Taken back from the payee’s balance
timeline-reversal_started = The provider is asked to take the payout back
timeline-reversal_refused = The payout could not be taken back; the payee keeps the money
timeline-payout_taken_back = The payout was taken back
timeline-partly_refunded = A part was refunded
timeline-refund_left_over = Refunded, but for an earlier part that came back; a person takes over
timeline-earlier_refund_came_back = An earlier refund came back from the payer’s bank

# Alerts, to staff.
alert-contradiction = A provider contradicts the book
    .detail = What the provider says was kept out of the book. Look at the transfer and ask the provider which side is right.
alert-misconfigured = A provider refuses us
    .detail = Credentials, contract or settings of this wallet are wrong; its payments wait. Correct the settings and restart.
alert-float_low = A float is too low
    .detail = Payments wait, or will soon. Top up the wallet at the provider.
alert-below_floor = An account is below its floor
    .detail = A provider took more than the account held. It is booked; find out why.
alert-uncertain = An outcome is not known
    .detail = The provider has not said for too long what became of this payment. It is asked again and again; nothing is sent twice. Ask the provider.
alert-needs_attention = A transfer needs a person
    .detail = Neither the payment nor its refund went through. Somebody has to decide.
alert-on_hold = A transfer is held back
    .detail = It waits until somebody releases or refuses it.
alert-by_hand = A movement by hand waits
    .detail = A person has to see the money come, pay the payee or give it back, and confirm it: GET /v1/admin/movements.
alert-drift = A provider’s balance differs from the ledger
    .detail = Nothing under way explains the difference. Compare the provider’s statement with the entries of the account.
alert-job_failed = Work is not done
    .detail = A job failed or does not run, or work waits that nobody takes. Look at the gateway’s log.
alert-rate_stale = A rate is too old
    .detail = No quotes are given for this pair until a newer rate comes.
alert-unapplied_funds = Money came that nobody asked for
    .detail = It lies at the provider and belongs to no transfer. Find its sender, and return it or apply it.
alert-dispute_opened = A payment is disputed
    .detail = The payer’s bank takes the payment back. Answer the dispute at the provider before its deadline.
alert-treasury_failed = A movement of our own money failed
    .detail = It was refused, or came back. Look at the provider’s statement and ask for it again if it is still wanted.
alert-statement_changed = A provider’s statement says something else than before
    .detail = Both are kept, and nothing was booked by either. Ask the provider which one holds.
alert-statement_cut = A provider does not show all that happened
    .detail = More happened than its list shows at once. Look in its portal for what is missing, and read more often.
alert-sms_conversion_low = Codes are sent and not used
    .detail = Somebody may be having text messages sent for money. Look at this range of numbers.
alert-rail_down = A rail is down
    .detail = Nothing new is sent to it for now; one movement at a time is tried. Look whether the provider has an outage, or refuses us; pause the rail when it lasts.
alert-rail_paused = A rail is paused
    .detail = What is to be paid by it waits until somebody resumes it, or until its end.
alert-screening_failed = Names cannot be screened
    .detail = A list of names cannot be read, or is too old. Payments that have to be screened wait, or will soon. Mend the list.
alert-severity-critical = critical
alert-severity-warning = warning
alert-over = over
alert-label-subject = About
alert-label-severity = Severity
alert-label-since = Since
alert-label-seen = Seen
alert-label-over = Over
alert-mail-raised = { $title }: { $subject }
alert-mail-reminded = Still: { $title }: { $subject }
alert-mail-resolved = Over: { $title }: { $subject }
alert-mail-digest = { $count } alerts
alert-mail-more = … and { $count } more
