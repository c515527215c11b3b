# Ce que la passerelle dit en français. Chaque problème a un titre, et un détail qui dit que faire.
# en.ftl a les mêmes clés et les mêmes places ; le programme remplit les places `{ $nom }`.

## Problèmes de toute requête

not_found = Introuvable
    .detail = Il n’y a rien ici pour vous, ou pas à cette adresse.
method_not_allowed = Méthode non admise
    .detail = Cette adresse n’accepte pas { $method } ; l’en-tête Allow dit ce qu’elle accepte.
host_not_allowed = Hôte non admis
    .detail = Cette passerelle ne répond pas pour « { $host } ». Son exploitant peut ajouter ce nom à allowed_hosts.
unauthenticated = Connectez-vous d’abord
    .detail = Le jeton d’accès manque, n’est plus valable, ou sa session est terminée.
forbidden = Non autorisé
    .detail = Votre rôle ne permet pas cela.
account_frozen = Compte gelé
    .detail = Ce compte est gelé. Adressez-vous au support.
second_factor_required = Second facteur demandé
    .detail = Montrez de nouveau votre second facteur : POST /v1/auth/totp/verify avec ce jeton et un code actuel.
second_factor_not_enrolled = Aucun second facteur enregistré
    .detail = Votre rôle demande un second facteur et aucun n’est enregistré. Adressez-vous à l’exploitant.
rate_limited = Trop de requêtes
    .detail = Attendez { $seconds } s avant de réessayer.
overloaded = Trop occupé
    .detail = Rien n’a été accepté : trop de travail est en cours. Renvoyez la même requête dans un instant.
unavailable = Indisponible pour le moment
    .detail = Un élément nécessaire ne répond pas. Renvoyez la même requête plus tard.
request_timeout = Trop long
    .detail = La requête a été abandonnée. Elle a pu avoir son effet : renvoyez la même avec la même clé.
internal_error = Erreur de notre côté
    .detail = Quelque chose a échoué chez nous. Citez l’identifiant de la requête si vous nous écrivez.

## Problèmes de forme

invalid_json = Ce n’est pas du JSON
    .detail = Le corps n’est pas du JSON bien formé (ligne { $line }, colonne { $column }).
invalid_body = Corps incomplet
    .detail = Le corps n’est pas arrivé en entier.
unsupported_media_type = Mauvais type de contenu
    .detail = Envoyez le corps en application/json.
payload_too_large = Corps trop grand
    .detail = Le corps peut avoir { $limit } octets au plus.
validation_failed = Des champs ne conviennent pas
    .detail = Voyez les erreurs, une par champ.
unknown_field = Champ inconnu ou répété
    .detail = Le champ « { $field } » n’existe pas ici.
repeated_field = Champ répété
    .detail = Le champ « { $field } » est présent plusieurs fois.
missing_field = Champ manquant
    .detail = Le champ « { $field } » est nécessaire.
invalid_type = Mauvais type
    .detail = Ce n’est pas du type attendu ici : { $expected }.
invalid_value = Mauvaise valeur
    .detail = Cette valeur n’est pas admise ici.
invalid_text = Mauvais texte
    .detail = Un texte de { $min } à { $max } caractères, sans caractère de contrôle, est attendu ici.
invalid_name = Pas un nom
    .detail = On attend ici le nom d’une personne ou d’une entreprise, en lettres de n’importe quelle écriture.
invalid_query = Mauvais paramètre
    .detail = Le paramètre « { $field } » est inconnu, répété, ou sa valeur n’est pas admise.
invalid_cursor = Mauvais curseur
    .detail = Ce curseur n’est pas le nôtre, ou appartient à une autre liste ou à un autre filtre. Recommencez sans curseur.
idempotency_key_missing = Idempotency-Key manquant
    .detail = Envoyez un en-tête Idempotency-Key de votre choix, un pour chaque chose que vous voulez faire.
idempotency_key_invalid = Idempotency-Key non valable
    .detail = Un Idempotency-Key est un seul en-tête de 1 à 255 caractères ASCII visibles.
idempotency_key_reused = Idempotency-Key déjà utilisé
    .detail = Cette clé a servi à une autre requête. Prenez-en une nouvelle pour une nouvelle intention.
idempotency_in_flight = Encore en cours
    .detail = Une requête avec cette clé est en cours. Renvoyez la même dans un instant.
changed_meanwhile = Modifié entre-temps
    .detail = Quelqu’un d’autre l’a modifié en même temps. Relisez et décidez de nouveau.

## Problèmes de valeurs

invalid_amount = Mauvais montant
    .detail = Un montant est un texte décimal simple, supérieur à zéro, sans plus de décimales que sa devise n’en a.
invalid_currency = Devise inconnue
    .detail = Une devise est un code ISO 4217 en capitales, comme XOF.
currency_mismatch = Mauvaise devise
    .detail = { $expected } est attendu ici.
invalid_phone = Mauvais numéro de téléphone
    .detail = Un numéro s’écrit comme +221770001122 : un plus, l’indicatif du pays et le numéro ; pour le Sénégal, la Côte d’Ivoire, le Mali et la Guinée, un numéro mobile.
invalid_country = Pays inconnu
    .detail = Un pays est un code ISO 3166 de deux capitales, comme SN.
clock_refused = L’horloge ne bouge pas ainsi
    .detail = L’horloge du bac à sable ne fait qu’avancer, et pas au-delà de l’an 9999.

## Connexion

otp_invalid = Code faux
    .detail = Le code n’est pas le bon.
otp_expired = Code plus valable
    .detail = Ce code a été utilisé, ou son temps est passé. Demandez-en un nouveau.
token_reused = Session terminée
    .detail = Ce jeton de renouvellement avait déjà servi : sa session a été terminée. Reconnectez-vous.
phone_taken = Numéro non disponible
    .detail = Ce numéro appartient à un autre compte. Connectez-vous avec lui, ou choisissez-en un autre.
resting = Le solde est au repos
    .detail = Le numéro de ce compte a été changé il y a peu. Pendant un jour, l'argent ne sort pas de la maison.

## Offres et transferts

corridor_unavailable = Corridor indisponible
    .detail = Aucun réseau configuré ne porte d’argent par là.
amount_out_of_range = Montant hors limites
    .detail = De { $min } à { $max } peuvent être envoyés par là.
amount_beyond_rail = Montant hors limites
    .detail = Par { $rail }, frais compris, de { $min } à { $max } à la fois.
amount_beyond_rail_by_hand = Montant hors limites
    .detail = Par { $rail }, frais compris, de { $min } à { $max } à la fois. Au-delà, choisissez le mode manual.
amount_below_rail = Montant hors limites
    .detail = Par { $rail }, au moins { $min }.
rail_unavailable = Pas par ce moyen pour l’instant
    .detail = Rien ne passe par { $rail } pour l’instant. Choisissez un autre moyen ou revenez plus tard.
rate_stale = Pas de taux actuel
    .detail = Le taux est trop ancien pour être offert. Réessayez plus tard.
invalid_rate = Taux inutilisable
    .detail = Un taux est un nombre décimal simple, supérieur à zéro, de 18 chiffres au plus ; un écart va de 0 à moins de 10000 points de base, avec 4 décimales au plus. Le client n’achète jamais sous le taux médian et ne vend jamais au-dessus.
rate_out_of_bounds = Taux hors limites
    .detail = Ce taux est trop loin du taux en vigueur, du taux médian ou de ce que les réglages permettent. Vérifiez-le chiffre par chiffre.
rate_outdated = Taux périmé
    .detail = Son instant est dans le futur, ou si ancien qu’il ne pourrait être offert.
rate_fixed = Taux fixé par traité
    .detail = Le taux médian de cette paire est fixe. Seuls ses écarts se règlent.
pair_reversed = Paire enregistrée dans l’autre sens
    .detail = Ces deux monnaies ont un taux dans l’autre sens. Réglez celui-là.
own_request = Votre propre demande
    .detail = Une autre personne doit consentir à ce que vous avez demandé.
digest_mismatch = Ce n’est pas ce qui était affiché
    .detail = L’empreinte n’est pas celle de cette demande. Relisez et décidez de nouveau.
approval_decided = Déjà décidé
    .detail = Cette demande a déjà été acceptée, refusée ou annulée.
quote_used = Offre déjà utilisée
    .detail = Une offre sert un seul transfert. Demandez-en une nouvelle.
quote_expired = Offre expirée
    .detail = Le temps de cette offre est passé. Demandez-en une nouvelle.
insufficient_funds = Pas assez d’argent
    .detail = Le compte n’a pas autant de disponible.
no_bank_account = Pas de compte bancaire
    .detail = Aucun compte bancaire à nous n’est configuré pour ce portefeuille.
transfer_not_cancellable = Trop tard pour annuler
    .detail = L’argent est parti, ou le transfert est terminé.
transfer_not_on_hold = Pas en attente
    .detail = Ce transfert n’attend personne, ou quelqu’un a déjà décidé.
transfer_not_retriable = Pas de nouvel essai possible
    .detail = Ce transfert n’attend personne, ou son argent n’est pas là où cela pourrait se faire.
account_opened = Déjà ouvert
    .detail = Ce compte a déjà des écritures. Ce qui y manque s’ajoute ou se retire par un mouvement de trésorerie.
not_for_this_kind = Pas pour ce genre
    .detail = Ce champ n’est pas prévu pour ce genre de mouvement.
transfer_not_refundable = Ne peut pas être rendu
    .detail = { $why ->
        [not_completed] Ce transfert n’est pas terminé : il n’y a rien à rendre, ou il est déjà rendu.
        [payout_is_final] Le bénéficiaire a l’argent, et son opérateur ne reprend aucun versement.
        [too_late] Le bénéficiaire a l’argent, et son opérateur ne reprend plus ce versement.
        [payout_is_whole] Son opérateur reprend un versement en entier ou pas du tout. Rendez le tout.
        [funding_is_final] Le moyen de paiement ne rend rien.
        [funding_is_whole] Le moyen de paiement rend tout un paiement, ou rien.
        [payee_spent_it] Le solde du bénéficiaire ne contient plus ce montant.
       *[other] Les réseaux de ce transfert ne le rendent pas.
    }
refund_in_progress = Un remboursement est en cours
    .detail = Un autre remboursement de ce transfert est en cours, ou attend une deuxième personne.
refund_exceeds = Plus que le reste
    .detail = { $left } au plus peuvent être rendus.
movement_not_open = N’attend personne
    .detail = Plus personne n’a à faire ce mouvement : il est confirmé, refusé ou pas encore commencé.
movement_not_stuck = Pas encore du ressort de l’équipe
    .detail = Son issue est connue, ou n’est pas inconnue depuis une heure. L’opérateur est interrogé.
operator_reference_used = Reçu déjà utilisé
    .detail = Ce numéro a déjà confirmé un mouvement de ce portefeuille. Relisez le reçu.
confirmation_pending = Attend une deuxième personne
    .detail = Quelqu’un a dit ce qu’est devenu ce mouvement ; quelqu’un d’autre doit d’abord accepter ou refuser.
amount_differs = Pas le montant du mouvement
    .detail = Ce qui a été versé n’est pas le montant du mouvement. Demandez avant de confirmer.
no_late_payment = Pas d’argent tardif
    .detail = Aucun argent n’est arrivé trop tard pour ce transfert, ou il a été rendu.
late_amount_differs = Pas ce qui est arrivé
    .detail = Le total de la nouvelle offre n’est pas ce qui est arrivé. Demandez une offre d’exactement cette somme, côté « total ».

## Appels de prestataires

webhook_unauthentic = Non authentique
    .detail = La signature manque, est fausse ou trop ancienne.

## Messages aux téléphones, 160 caractères de l’alphabet GSM au plus

sms-otp = { $code } est votre code MoneyBridge. Il est valable { $minutes } minutes. Ne le donnez jamais à personne.
sms-phone-now = { $code } est le code pour changer votre numéro MoneyBridge. Valable { $minutes } minutes. Pas vous ? Fermez toutes vos sessions.
sms-phone-next = { $code } est votre code pour utiliser ce numéro avec MoneyBridge. Valable { $minutes } minutes. Ne le donnez jamais.
sms-new-device = Nouvelle connexion à votre compte MoneyBridge depuis un appareil inconnu. Pas vous ? Fermez toutes vos sessions et alertez-nous.
sms-phone-changed = Votre compte MoneyBridge utilise le numéro qui finit par { $number }. Ce n'est pas vous ? Alertez-nous tout de suite.
sms-phone-taken-up = Ce numéro sert maintenant à MoneyBridge. Pendant un jour, l'argent ne quitte pas le solde.

# Textos aux clients. Sans accents : un texto accentue coute le double.
notice-payment_received = Paiement de { $paid } recu. Nous envoyons { $received } a { $payee }.
notice-transfer_completed = { $payee } a recu { $received }. Merci !
notice-money_received = Vous avez recu { $received } de { $payer }.
notice-transfer_on_hold = Votre transfert a { $payee } prend plus de temps que prevu. Nous vous dirons la suite.
notice-refund_started = { $payee } n'a pas pu etre paye. Nous vous rendons { $paid }.
notice-refund_completed = Nous vous avons rendu { $paid }.
notice-refund_granted = Nous vous rendons { $back } de votre transfert a { $payee }.
notice-part_refunded = De votre transfert a { $payee }, nous vous avons rendu { $refunded } en tout.
notice-late_money_received = Votre paiement de { $paid } est arrive trop tard. Prenez un nouveau devis sous 72 h, sinon il vous sera rendu.

no_receipt_yet = Pas encore de reçu
    .detail = Aucun argent n’a encore bougé pour ce transfert.
too_many_items = Nombre d’éléments refusé
    .detail = De 1 à { $max } éléments par requête.
rail_mismatch = Autre moyen que celui du devis
    .detail = Donnez le moyen de paiement pour lequel le devis a été fait.
country_mismatch = Autre pays que celui du devis
    .detail = Le numéro ou le pays n’est pas celui du devis.
number_not_on_rail = Numéro hors de ce moyen
    .detail = Par { $rail }, seuls les numéros de { $operators } en { $countries } sont atteints. Moyens pour ce numéro : { $proposed }.
number_not_on_rail_abroad = Numéro hors de ce moyen
    .detail = Par { $rail }, seuls les numéros de { $countries } sont atteints. Moyens pour ce numéro : { $proposed }.
number_not_on_rail_unless_ported = Numéro hors de ce moyen
    .detail = Par { $rail }, seuls les numéros de { $operators } en { $countries } sont atteints. Moyens pour ce numéro : { $proposed }. S’il a été porté depuis un autre opérateur, dites-le par « ported ».
unknown_account = Compte inconnu
    .detail = Personne n’a ce compte.
same_account = Même compte
    .detail = On ne peut pas s’envoyer de l’argent à soi-même.
not_for_this_rail = Champ inutile ici
    .detail = Ce champ n’est pas pour ce moyen de paiement.
invalid_iban = IBAN non valable
    .detail = Sa clé ou sa structure est fausse. Recopiez-le depuis la banque.
iban_outside_sepa = Hors de la zone SEPA
    .detail = Ce compte ne peut pas être prélevé en euros par SEPA.
unknown_mandate = Mandat inconnu
    .detail = Aucun de vos mandats en vigueur n’a ce nom. Donnez l’IBAN à la place.
page-returned-paid = Merci
    .detail = Vous pouvez revenir à l’application : elle dit où en est votre transfert.
page-returned-not-paid = Paiement non effectué
    .detail = Vous pouvez revenir à l’application et réessayer tant que la demande est ouverte.

timeline-created = Transfert enregistré
timeline-payment_requested = Paiement demandé au payeur
timeline-payment_received = Paiement reçu
timeline-payment_declined = Le paiement a été refusé
timeline-funded = L’argent est là et réservé au bénéficiaire
timeline-disbursement_started = Envoi au bénéficiaire commencé
timeline-completed = Le bénéficiaire a reçu l’argent
timeline-expired = Le paiement n’est pas venu à temps
timeline-cancelled = Annulé
timeline-collection_closed = Demande de paiement fermée chez l’opérateur
timeline-collection_never_arrived = L’opérateur n’a jamais vu la demande de paiement ; une autre a été faite
timeline-late_payment = Paiement arrivé trop tard, mis de côté
timeline-late_payment_reused = Le paiement tardif sert à un nouveau transfert
timeline-late_payment_returned = Paiement tardif rendu
timeline-late_return_refused = L’opérateur refuse de rendre le paiement tardif ; une personne s’en occupe
timeline-on_hold = Ce transfert prend plus de temps que prévu
timeline-screening_hit = Retenu par le filtrage ; une personne décide
timeline-payee_name_differs = Le prestataire connaît le bénéficiaire sous un autre nom ; une personne décide
timeline-released = Le transfert reprend
timeline-transfer_refused = Le transfert n’a pas été effectué
timeline-refusal_reason = Refusé par une personne
timeline-refund_started = Remboursement commencé
timeline-refunded = Remboursé
timeline-payout_retried = Le versement est tenté de nouveau
timeline-refund_retried = Le remboursement est tenté de nouveau
timeline-refund_refused = L’opérateur refuse le remboursement ; une personne s’en occupe
timeline-payee_refused = Le bénéficiaire n’a pas pu être payé
timeline-in_reconciliation = L’opérateur n’a pas répondu ; nous lui demandons ce qu’il en est
timeline-reconciled = L’opérateur a répondu ; on sait où en est l’envoi
timeline-outcome_unknown = Issue inconnue
timeline-waits_rail_down = L’opérateur ne répond pas ; l’argent part dès son retour
timeline-waits_rail_paused = Ce moyen de paiement est suspendu ; l’argent part à sa reprise
timeline-waits_float_low = Notre réserve chez l’opérateur est en cours d’approvisionnement ; l’argent part ensuite
waiting-rail_down = L’opérateur ne répond pas. Rien n’est perdu : l’argent part dès son retour.
waiting-rail_paused = Ce moyen de paiement est suspendu. Rien n’est perdu : l’argent part dès sa reprise.
waiting-float_low = Notre réserve chez l’opérateur est en cours d’approvisionnement. Rien n’est perdu : l’argent part ensuite.
timeline-submitted = Accepté par l’opérateur
timeline-sent_again = Envoyé de nouveau sous la même référence
timeline-fee_learned = Frais de l’opérateur connus
timeline-disbursement_reversed = L’opérateur a repris l’argent ; une personne s’en occupe
timeline-collecting = La banque exécute le paiement
timeline-partly_paid = Une partie du paiement est arrivée ; le reste est attendu
timeline-disputed = La banque du payeur a repris le paiement
timeline-late_disputed = La banque du payeur a repris le paiement tardif
timeline-dispute_won_completed = Le litige a été tranché en notre faveur
timeline-dispute_won_refunded = Le litige a été tranché en notre faveur après le remboursement
timeline-dispute_won_disbursing = Le litige a été tranché en notre faveur ; le versement continue
timeline-dispute_won_refunding = Le litige a été tranché en notre faveur ; le remboursement continue
timeline-dispute_won_attention = Le litige a été tranché en notre faveur ; une personne prend le relais
timeline-late_dispute_won = Le litige sur le paiement tardif a été tranché en notre faveur
timeline-stopped_by_dispute = Arrêté, car la banque du payeur a repris le paiement
timeline-dispute_covered = Ce qui est revenu couvre le litige
timeline-paid_out_while_disputed = Versé alors que le paiement était en litige
timeline-refund_came_back = Le remboursement est revenu de la banque du payeur ; une personne prend le relais
timeline-late_return_came_back = Le paiement tardif rendu est revenu ; une personne prend le relais
timeline-became_spendable = Le paiement est devenu disponible
timeline-refund_asked = Un remboursement a été demandé
timeline-refund_reason = Motif du remboursement
timeline-payee_share_taken_back = Repris sur le solde du bénéficiaire
timeline-reversal_started = L’opérateur est prié de reprendre le versement
timeline-reversal_refused = Le versement n’a pas pu être repris ; le bénéficiaire garde l’argent
timeline-payout_taken_back = Le versement a été repris
timeline-partly_refunded = Une partie a été remboursée
timeline-refund_left_over = Remboursé, sauf une partie revenue auparavant ; une personne prend le relais
timeline-earlier_refund_came_back = Un remboursement précédent est revenu de la banque du payeur

# Alertes, au personnel.
alert-contradiction = Un prestataire contredit le livre
    .detail = Ce que dit le prestataire a été tenu hors du livre. Regardez le transfert et demandez au prestataire qui a raison.
alert-misconfigured = Un prestataire nous refuse
    .detail = Les identifiants, le contrat ou les réglages de ce portefeuille sont faux ; ses paiements attendent. Corrigez les réglages et redémarrez.
alert-float_low = Une réserve est trop basse
    .detail = Des paiements attendent, ou attendront bientôt. Rechargez le portefeuille chez le prestataire.
alert-below_floor = Un compte est sous son plancher
    .detail = Un prestataire a pris plus que ce que le compte contenait. C’est écrit au livre ; cherchez pourquoi.
alert-uncertain = Une issue n’est pas connue
    .detail = Le prestataire ne dit pas depuis trop longtemps ce qu’est devenu ce paiement. La question est reposée sans cesse ; rien n’est envoyé deux fois. Demandez au prestataire.
alert-needs_attention = Un transfert attend une personne
    .detail = Ni le paiement ni son remboursement n’ont abouti. Quelqu’un doit décider.
alert-on_hold = Un transfert est retenu
    .detail = Il attend que quelqu’un le libère ou le refuse.
alert-by_hand = Un mouvement manuel attend
    .detail = Une personne doit voir l’argent arriver, payer le bénéficiaire ou rendre l’argent, puis le confirmer : GET /v1/admin/movements.
alert-drift = Le solde d’un prestataire diffère du livre
    .detail = Rien de ce qui est en cours n’explique la différence. Comparez le relevé du prestataire avec les écritures du compte.
alert-job_failed = Un travail n’est pas fait
    .detail = Une tâche a échoué ou ne tourne pas, ou du travail attend que personne ne prend. Regardez le journal de la passerelle.
alert-rate_stale = Un taux est trop ancien
    .detail = Aucune offre n’est faite pour cette paire avant qu’un taux plus récent n’arrive.
alert-unapplied_funds = De l’argent est venu que personne n’a demandé
    .detail = Il se trouve chez le prestataire et n’appartient à aucun transfert. Cherchez son expéditeur, puis rendez-le ou affectez-le.
alert-dispute_opened = Un paiement est contesté
    .detail = La banque du payeur reprend le paiement. Répondez à la contestation chez le prestataire avant l’échéance.
alert-treasury_failed = Un mouvement de nos propres fonds a échoué
    .detail = Il a été refusé, ou est revenu. Regardez le relevé du prestataire et redemandez-le s’il est encore voulu.
alert-statement_changed = Le relevé d’un prestataire dit autre chose qu’avant
    .detail = Les deux sont gardés, et rien n’a été comptabilisé par l’un ni l’autre. Demandez au prestataire lequel vaut.
alert-statement_cut = Un prestataire ne montre pas tout ce qui s’est passé
    .detail = Il s’est passé plus que sa liste n’en montre à la fois. Cherchez dans son portail ce qui manque, et lisez plus souvent.
alert-sms_conversion_low = Des codes sont envoyés et pas utilisés
    .detail = Quelqu’un fait peut-être envoyer des messages pour de l’argent. Regardez cette plage de numéros.
alert-rail_down = Un moyen de paiement est en panne
    .detail = Rien de nouveau ne lui est envoyé pour l’instant ; un mouvement à la fois est essayé. Regardez si l’opérateur est en panne ou nous refuse ; suspendez-le si cela dure.
alert-rail_paused = Un moyen de paiement est suspendu
    .detail = Ce qui doit partir par lui attend que quelqu’un le reprenne, ou la fin de la suspension.
alert-screening_failed = Les noms ne peuvent être vérifiés
    .detail = Une liste de noms ne peut être lue, ou est trop ancienne. Les paiements à vérifier attendent, ou attendront bientôt. Réparez la liste.
alert-severity-critical = critique
alert-severity-warning = avertissement
alert-over = terminé
alert-label-subject = Objet
alert-label-severity = Gravité
alert-label-since = Depuis
alert-label-seen = Vu
alert-label-over = Terminé
alert-mail-raised = { $title } : { $subject }
alert-mail-reminded = Toujours : { $title } : { $subject }
alert-mail-resolved = Terminé : { $title } : { $subject }
alert-mail-digest = { $count } alertes
alert-mail-more = … et { $count } de plus
