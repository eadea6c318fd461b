/*
 * routes.c - the table of routes; what is derived from it stands in routes_text.c.
 *
 * Invariants (checked by test/shim/unit.c): a pattern has as many ":names" as
 * the row has IN_PATH params, in that order; the length of an object array is
 * limited by its T_UUID_ARRAY; a body taken whole has no other parameter and no
 * RF_STRICT_BODY; a GET never carries RF_WRITE; RF_IDEMPOTENT implies RF_WRITE.
 * Order of the rows does not matter.
 *
 * Body fields that the frontends send beyond what a rule reads (amounts of an
 * order, lines of a cart) are ignored; every other row refuses them, by
 * RF_STRICT_BODY or, where the body is taken whole, in its function.
 */
#include <stddef.h>

#include "routes.h"

#define NAME_TEXT (P_TRIM | P_NULL_IF_EMPTY)
#define NEEDED_TEXT (P_TRIM | P_NULL_IF_EMPTY | P_REQUIRED)
#define MONEY_MAX 10000000000000LL /* 100 thousand million DZD, in centimes */
#define DELIVERY_MODES "home|stop_desk"
#define ORDER_STATUSES "PENDING|CONFIRMED|PROCESSING|SHIPPED|DELIVERED|CANCELLED|REFUNDED"
#define PAYMENT_METHOD "paymentMethod", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL
#define ORDER_SORT "createdAt|orderDate|updatedAt|total|totalAmount|orderNumber|status"

/* Parameters that several rows have alike. */
#define ID_IN_PATH "id", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL
#define CODE_IN_PATH "code", IN_PATH, T_TEXT, 1, 64, NEEDED_TEXT, NULL
#define WHOLE_BODY "", IN_BODY, T_JSON_TEXT, 2, 65536, P_REQUIRED, NULL
#define STAFF_PAGE "page", IN_QUERY, T_INT, 1, 100000, NAME_TEXT, NULL
#define OLD_PASSWORD (P_REQUIRED | P_NULL_IF_EMPTY | P_SECRET)
#define NEW_PASSWORD 8, 72, OLD_PASSWORD
#define LIMIT_100 "limit", IN_QUERY, T_INT, 1, 100, NAME_TEXT, NULL
#define STAFF_LIMIT "limit", IN_QUERY, T_INT, 1, 500, NAME_TEXT, NULL

/* ---- Parameters ---- */

static const struct param_def id_params[] = {{ID_IN_PATH}};
static const struct param_def code_params[] = {{CODE_IN_PATH}};
static const struct param_def body_params[] = {{WHOLE_BODY}};
static const struct param_def id_body_params[] = {{ID_IN_PATH}, {WHOLE_BODY}};
static const struct param_def code_body_params[] = {{CODE_IN_PATH}, {WHOLE_BODY}};
static const struct param_def staff_page_params[] = {{STAFF_PAGE}, {STAFF_LIMIT}};

static const struct param_def product_list_params[] = {
	{"page", IN_QUERY, T_INT, 1, 100000, NAME_TEXT, NULL},
	{LIMIT_100},
	{"search", IN_QUERY, T_TEXT, 0, 200, NAME_TEXT, NULL},
	{"category", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"manufacturer", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"categories", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"manufacturers", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"minPrice", IN_QUERY, T_MONEY, 0, MONEY_MAX, NAME_TEXT, NULL},
	{"maxPrice", IN_QUERY, T_MONEY, 0, MONEY_MAX, NAME_TEXT, NULL},
	{"featured", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
	{"inStock", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
	{"boilerModel", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"sortBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "createdAt|updatedAt|name|price|stockQuantity"},
	{"sortOrder", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "asc|desc"},
};

static const struct param_def product_featured_params[] = {
	{"limit", IN_QUERY, T_INT, 1, 50, NAME_TEXT, NULL},
};

static const struct param_def category_list_params[] = {
	{"includeProducts", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def product_get_params[] = {
	{"idOrSlug", IN_PATH, T_SLUG_OR_ID, 1, 255, P_REQUIRED, NULL},
	{"includeRelated", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def boiler_model_list_params[] = {
	{"manufacturerId", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"search", IN_QUERY, T_TEXT, 0, 200, NAME_TEXT, NULL},
};

static const struct param_def wilaya_shipping_cost_params[] = {
	{"code", IN_PATH, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
};

static const struct param_def shipping_quote_params[] = {
	{"wilaya", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"totalAmount", IN_BODY, T_MONEY, 0, MONEY_MAX, 0, NULL},
	{"deliveryMode", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
};

static const struct param_def cart_validate_params[] = {
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
};

static const struct param_def cart_add_params[] = {
	{"productId", IN_BODY, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"quantity", IN_BODY, T_INT, 1, 999, P_REQUIRED, NULL},
};

static const struct param_def cart_set_params[] = {
	{"itemId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"quantity", IN_BODY, T_INT, 0, 999, P_REQUIRED, NULL},
};

static const struct param_def cart_remove_params[] = {
	{"itemId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
};

static const struct param_def cart_sync_params[] = {
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 0, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
};

static const struct param_def cart_coupon_add_params[] = {
	{"code", IN_BODY, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
};

/* Without lines the ones of the cart are quoted. */
static const struct param_def cart_quote_params[] = {
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, 0, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, 0, NULL},
	{"wilaya", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"deliveryMode", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
	{"paymentMethod", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"coupons", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
};

static const struct param_def order_place_guest_params[] = {
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"customerInfo.firstName", IN_BODY, T_TEXT, 2, 50, NEEDED_TEXT, NULL},
	{"customerInfo.lastName", IN_BODY, T_TEXT, 2, 50, NEEDED_TEXT, NULL},
	{"customerInfo.phone", IN_BODY, T_PHONE, 8, 20, NEEDED_TEXT, NULL},
	{"customerInfo.email", IN_BODY, T_EMAIL, 3, 254, NAME_TEXT | P_LOWER, NULL},
	{"customerInfo.profession", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, "technicien|particulier|autre"},
	{"shippingAddress.street", IN_BODY, T_TEXT, 5, 200, NEEDED_TEXT, NULL},
	{"shippingAddress.city", IN_BODY, T_TEXT, 2, 100, NEEDED_TEXT, NULL},
	{"shippingAddress.postalCode", IN_BODY, T_TEXT, 3, 20, NAME_TEXT, NULL},
	{"shippingAddress.region", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"shippingAddress.country", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
	{"notes", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
	{"coupons", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"giftCards", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"deliveryMode", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
	{PAYMENT_METHOD},
};

/* Names and e-mail are those of the account. */
static const struct param_def order_place_params[] = {
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
	{"customerInfo.phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
	{"shippingAddress.street", IN_BODY, T_TEXT, 5, 200, NEEDED_TEXT, NULL},
	{"shippingAddress.city", IN_BODY, T_TEXT, 2, 100, NEEDED_TEXT, NULL},
	{"shippingAddress.postalCode", IN_BODY, T_TEXT, 3, 20, NAME_TEXT, NULL},
	{"shippingAddress.region", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"shippingAddress.country", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
	{"notes", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
	{"coupons", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"giftCards", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"deliveryMode", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
	{"storeCredit", IN_BODY, T_BOOL, 0, 0, 0, NULL},
	{PAYMENT_METHOD},
};

static const struct param_def order_list_params[] = {
	{STAFF_PAGE},
	{"limit", IN_QUERY, T_INT, 1, 50, NAME_TEXT, NULL},
	{"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_STATUSES},
	{"sortBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_SORT},
	{"sortOrder", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "asc|desc"},
};

/* An id or a number. */
#define ORDER_IN_PATH "id", IN_PATH, T_TEXT, 1, 64, NEEDED_TEXT, NULL

static const struct param_def order_get_params[] = {{ORDER_IN_PATH}};

static const struct param_def order_cancel_params[] = {
	{ORDER_IN_PATH},
	{"reason", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
};

static const struct param_def order_track_params[] = {
	{"orderNumber", IN_QUERY, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
	{"phone", IN_QUERY, T_PHONE, 8, 20, NEEDED_TEXT, NULL},
};

/* The page shows the amount and sends much more: what is paid is what the order says. */
static const struct param_def payment_process_params[] = {
	{"orderId", IN_BODY, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
	{"method", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"customerInfo.phone", IN_BODY, T_PHONE, 8, 20, NEEDED_TEXT, NULL},
};

static const struct param_def yalidine_echo_params[] = {
	{"subscribe", IN_QUERY, T_TEXT, 0, 255, NAME_TEXT, NULL},
	{"crc_token", IN_QUERY, T_TEXT, 1, 256, P_REQUIRED, NULL},
};

/* bcrypt reads 72 bytes; a longer password would be cut without a word. */
static const struct param_def login_params[] = {
	{"email", IN_BODY, T_TEXT, 3, 254, NEEDED_TEXT | P_LOWER, NULL},
	{"password", IN_BODY, T_TEXT, 1, 72, OLD_PASSWORD, NULL},
	{"code", IN_BODY, T_TEXT, 6, 32, P_NULL_IF_EMPTY | P_SECRET, NULL},
};

static const struct param_def register_params[] = {
	{"email", IN_BODY, T_EMAIL, 3, 254, NEEDED_TEXT | P_LOWER, NULL},
	{"password", IN_BODY, T_TEXT, NEW_PASSWORD, NULL},
	{"firstName", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"lastName", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
	{"companyName", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"customerType", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, "B2C|B2B"},
	{"vatNumber", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
};

static const struct param_def social_login_params[] = {
	{"email", IN_BODY, T_EMAIL, 3, 254, NAME_TEXT | P_LOWER, NULL},
	{"firstName", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"lastName", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"image", IN_BODY, T_TEXT, 1, 2000, NAME_TEXT, NULL},
	{"idToken", IN_BODY, T_TEXT, 1, 4096, P_NULL_IF_EMPTY | P_SECRET, NULL},
};

static const struct param_def refresh_params[] = {
	{"refreshToken", IN_BODY, T_TEXT, 1, 2048, P_NULL_IF_EMPTY | P_SECRET, NULL},
};

static const struct param_def profile_params[] = {
	{"firstName", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"lastName", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
};

static const struct param_def password_change_params[] = {
	{"currentPassword", IN_BODY, T_TEXT, 1, 72, OLD_PASSWORD, NULL},
	{"newPassword", IN_BODY, T_TEXT, NEW_PASSWORD, NULL},
};

static const struct param_def password_forgot_params[] = {
	{"email", IN_BODY, T_EMAIL, 3, 254, NEEDED_TEXT | P_LOWER, NULL},
};

static const struct param_def password_reset_params[] = {
	{"token", IN_BODY, T_TEXT, 1, 2048, P_REQUIRED | P_NULL_IF_EMPTY | P_SECRET, NULL},
	{"newPassword", IN_BODY, T_TEXT, NEW_PASSWORD, NULL},
};

static const struct param_def email_verify_params[] = {
	{"token", IN_BODY, T_TEXT, 1, 2048, P_REQUIRED | P_NULL_IF_EMPTY | P_SECRET, NULL},
};

static const struct param_def totp_enable_params[] = {
	{"code", IN_BODY, T_TEXT, 6, 32, P_REQUIRED | P_NULL_IF_EMPTY | P_SECRET, NULL},
};

static const struct param_def staff_inventory_change_params[] = {
	{"id", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"quantity", IN_BODY, T_INT, 0, 1000000, P_REQUIRED, NULL},
	{"type", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, "STOCK_IN|STOCK_OUT|ADJUSTMENT|DAMAGE|RETURN"},
	{"reason", IN_BODY, T_TEXT, 0, 255, NAME_TEXT, NULL},
};

static const struct param_def staff_order_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_STATUSES},
	{"customerId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
	{"dateFrom", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_QUERY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
	{"search", IN_QUERY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{"sortBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_SORT},
	{"sortOrder", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "asc|desc"},
};

/* Names and e-mail are those of the customer; without an address it is his default one. */
static const struct param_def staff_order_create_params[] = {
	{"customerId", IN_BODY, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"addressId", IN_BODY, T_UUID, 0, 0, 0, NULL},
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
	{"shippingAddress.street", IN_BODY, T_TEXT, 5, 200, NAME_TEXT, NULL},
	{"shippingAddress.city", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
	{"shippingAddress.postalCode", IN_BODY, T_TEXT, 3, 20, NAME_TEXT, NULL},
	{"shippingAddress.region", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"shippingAddress.country", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
	{"notes", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
	{"coupons", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"giftCards", IN_BODY, T_TEXT_LIST, 0, 10, 0, NULL},
	{"deliveryMode", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
	{"storeCredit", IN_BODY, T_BOOL, 0, 0, 0, NULL},
	{PAYMENT_METHOD},
};

static const struct param_def staff_order_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
};

static const struct param_def staff_order_update_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"status", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_STATUSES},
	{"notes", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
	{"trackingNumber", IN_BODY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{"carrier", IN_BODY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{"shippingAddress.street", IN_BODY, T_TEXT, 5, 200, NAME_TEXT, NULL},
	{"shippingAddress.city", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
	{"shippingAddress.postalCode", IN_BODY, T_TEXT, 3, 20, NAME_TEXT, NULL},
	{"shippingAddress.region", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"shippingAddress.country", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},
};

static const struct param_def staff_order_note_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"body", IN_BODY, T_TEXT, 1, 500, NEEDED_TEXT | P_MULTILINE, NULL},
};

static const struct param_def staff_order_search_params[] = {
	{"q", IN_QUERY, T_TEXT, 1, 100, NEEDED_TEXT, NULL},
	{LIMIT_100},
};

static const struct param_def staff_limit_params[] = {{LIMIT_100}};

static const struct param_def staff_order_trends_params[] = {
	{"period", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "day|week|month|year"},
};

#define EXPORT_FORMAT "format", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "csv|json"

static const struct param_def staff_order_export_params[] = {
	{EXPORT_FORMAT},
	{"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_STATUSES},
	{"customerId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
	{"dateFrom", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_QUERY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
	{"search", IN_QUERY, T_TEXT, 0, 100, NAME_TEXT, NULL},
};

static const struct param_def staff_export_params[] = {
	{"type", IN_QUERY, T_CHOICE, 0, 0, NEEDED_TEXT, "orders|customers"},
	{EXPORT_FORMAT},
	{"dateFrom", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_QUERY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
	{"timeframe", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "7d|30d|90d|1y"},
};

static const struct param_def staff_order_status_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"status", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, ORDER_STATUSES},
	{"trackingNumber", IN_BODY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{"notes", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
};

static const struct param_def staff_order_cancel_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"reason", IN_BODY, T_TEXT, 0, 500, NAME_TEXT | P_MULTILINE, NULL},
};

static const struct param_def staff_order_ship_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"trackingNumber", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"carrier", IN_BODY, T_TEXT, 0, 100, NAME_TEXT, NULL},
};

static const struct param_def payment_verify_params[] = {
	{"transactionId", IN_PATH, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
};

#define PAYMENT_AMOUNT "amount", IN_BODY, T_MONEY, 1, MONEY_MAX, P_REQUIRED, NULL

static const struct param_def payment_refund_params[] = {
	{"orderId", IN_BODY, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
	{PAYMENT_AMOUNT},
	{"reason", IN_BODY, T_TEXT, 1, 500, NEEDED_TEXT | P_MULTILINE, NULL},
};

static const struct param_def staff_payment_record_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{PAYMENT_AMOUNT},
	{"method", IN_BODY, T_TEXT, 1, 50, NEEDED_TEXT, NULL},
	{"reference", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"note", IN_BODY, T_TEXT, 1, 500, NAME_TEXT | P_MULTILINE, NULL},
};

static const struct param_def staff_refund_done_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"refundId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"reference", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
};

static const struct param_def staff_payment_mismatch_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"paymentId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"accept", IN_BODY, T_BOOL, 0, 0, P_REQUIRED, NULL},
};

static const struct param_def staff_shipment_pack_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{WHOLE_BODY},
};

static const struct param_def staff_shipment_step_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"shipmentNo", IN_PATH, T_INT, 1, 1000, P_REQUIRED, NULL},
	{"step", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, "ship|deliver|refuse|return|unpack"},
	{"carrier", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"trackingNumber", IN_BODY, T_TEXT, 1, 100, NAME_TEXT, NULL},
	{"reason", IN_BODY, T_TEXT, 1, 500, NAME_TEXT | P_MULTILINE, NULL},
	{"damaged", IN_BODY, T_BOOL, 0, 0, 0, NULL},
};

static const struct param_def consent_text_params[] = {
	{"lang", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "fr|ar"},
};

static const struct param_def consent_params[] = {
	{"purpose", IN_BODY, T_TEXT, 2, 40, NEEDED_TEXT, NULL},
	{"version", IN_BODY, T_INT, 1, 1000000, P_REQUIRED, NULL},
	{"granted", IN_BODY, T_BOOL, 0, 0, P_REQUIRED, NULL},
	{"lang", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, "fr|ar"},
};

/* Nobody erases himself by a slip. */
static const struct param_def customer_erase_params[] = {
	{"confirm", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, "DELETE"},
};

static const struct param_def staff_customer_join_params[] = {
	{ID_IN_PATH},
	{"phone", IN_BODY, T_PHONE, 8, 20, NEEDED_TEXT, NULL},
};

static const struct param_def customer_group_assign_params[] = {
	{ID_IN_PATH},
	{"customerGroup", IN_BODY, T_TEXT, 1, 30, NEEDED_TEXT, NULL},
};

#define CUSTOMER_TYPES "B2C|B2B"
#define CUSTOMER_SEARCH "search", IN_QUERY, T_TEXT, 0, 100, NAME_TEXT, NULL
#define CUSTOMER_TYPE_WANTED "customerType", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, CUSTOMER_TYPES
#define CUSTOMER_STATUS_WANTED                                                                     \
	"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "active|inactive|blocked|erased"
#define CUSTOMER_SEGMENT                                                                           \
	"segment", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT,                                                \
		"new|active|loyal|at_risk|lost|never_ordered|b2b"
#define CUSTOMER_SORT "createdAt|name|firstName|lastName|email"

static const struct param_def staff_customer_list_params[] = {
	{STAFF_PAGE},
	{LIMIT_100},
	{CUSTOMER_SEARCH},
	{CUSTOMER_TYPE_WANTED},
	{CUSTOMER_STATUS_WANTED},
	{CUSTOMER_SEGMENT},
	{"sortBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, CUSTOMER_SORT},
	{"sortOrder", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "asc|desc"},
};

static const struct param_def customer_list_params[] = {
	{STAFF_PAGE},
	{"limit", IN_QUERY, T_INT, 1, 50, NAME_TEXT, NULL},
	{CUSTOMER_SEARCH},
	{CUSTOMER_TYPE_WANTED},
	{"isActive", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
	{"sortBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT,
	 CUSTOMER_SORT "|user.createdAt|user.firstName|user.lastName|user.email"},
	{"sortOrder", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "asc|desc"},
};

static const struct param_def staff_customer_export_params[] = {
	{"format", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "csv"},
	{CUSTOMER_SEARCH},
	{CUSTOMER_TYPE_WANTED},
	{CUSTOMER_STATUS_WANTED},
	{CUSTOMER_SEGMENT},
};

static const struct param_def customer_create_params[] = {
	{"email", IN_BODY, T_EMAIL, 3, 254, NEEDED_TEXT | P_LOWER, NULL},
	{"firstName", IN_BODY, T_TEXT, 2, 50, NEEDED_TEXT, NULL},
	{"lastName", IN_BODY, T_TEXT, 2, 50, NEEDED_TEXT, NULL},
	{"phone", IN_BODY, T_PHONE, 8, 20, NAME_TEXT, NULL},
	{"customerType", IN_BODY, T_CHOICE, 0, 0, NAME_TEXT, CUSTOMER_TYPES},
	{"companyName", IN_BODY, T_TEXT, 0, 200, NAME_TEXT, NULL},
	{"vatNumber", IN_BODY, T_TEXT, 0, 50, NAME_TEXT, NULL},
	{"rc", IN_BODY, T_TEXT, 0, 50, NAME_TEXT, NULL},
	{"nif", IN_BODY, T_TEXT, 0, 50, NAME_TEXT, NULL},
	{"nis", IN_BODY, T_TEXT, 0, 50, NAME_TEXT, NULL},
	{"ai", IN_BODY, T_TEXT, 0, 50, NAME_TEXT, NULL},
};

static const struct param_def staff_customer_status_params[] = {
	{ID_IN_PATH},
	{"status", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, "active|inactive|blocked"},
};

static const struct param_def staff_customer_orders_params[] = {
	{ID_IN_PATH},
	{STAFF_PAGE},
	{LIMIT_100},
};

static const struct param_def staff_customer_note_params[] = {
	{ID_IN_PATH},
	{"body", IN_BODY, T_TEXT, 1, 2000, NEEDED_TEXT | P_MULTILINE, NULL},
};

#define INVOICE_FIELDS                                                                             \
	{"lang", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "fr|ar"},                                        \
	{                                                                                              \
		"number", IN_QUERY, T_TEXT, 1, 30, NAME_TEXT, NULL                                         \
	}

static const struct param_def order_invoice_params[] = {
	{ORDER_IN_PATH},
	INVOICE_FIELDS,
};

static const struct param_def staff_order_invoice_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	INVOICE_FIELDS,
};

static const struct param_def customer_orders_params[] = {
	{STAFF_PAGE},
	{"limit", IN_QUERY, T_INT, 1, 50, NAME_TEXT, NULL},
};

#define ADDRESS_FIELDS                                                                             \
	{"type", IN_BODY, T_CHOICE, 0, 0, NEEDED_TEXT, "BILLING|SHIPPING"},                            \
		{"street", IN_BODY, T_TEXT, 5, 200, NEEDED_TEXT, NULL},                                    \
		{"city", IN_BODY, T_TEXT, 2, 100, NEEDED_TEXT, NULL},                                      \
		{"postalCode", IN_BODY, T_TEXT, 3, 20, NAME_TEXT, NULL},                                   \
		{"region", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},                                       \
		{"country", IN_BODY, T_TEXT, 2, 100, NAME_TEXT, NULL},                                     \
		{"label", IN_BODY, T_TEXT, 1, 50, NAME_TEXT, NULL},                                        \
	{                                                                                              \
		"isDefault", IN_BODY, T_BOOL, 0, 0, 0, NULL                                                \
	}
#define ADDRESS_IN_PATH "addressId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL

static const struct param_def address_add_params[] = {ADDRESS_FIELDS};
static const struct param_def address_set_params[] = {{ADDRESS_IN_PATH}, ADDRESS_FIELDS};
static const struct param_def address_remove_params[] = {{ADDRESS_IN_PATH}};

static const struct param_def price_list_prices_params[] = {
	{ID_IN_PATH},
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"productId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def price_end_params[] = {
	{ID_IN_PATH},
	{"priceId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
};

static const struct param_def promotion_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"active", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def promotion_what_if_params[] = {
	{ID_IN_PATH},
	{"dateFrom", IN_BODY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_BODY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def coupon_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"promotionId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def tariff_list_params[] = {
	{"place", IN_QUERY, T_TEXT, 1, 50, NAME_TEXT, NULL},
	{"deliveryMode", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, DELIVERY_MODES},
};

static const struct param_def carrier_zone_list_params[] = {
	{"carrier", IN_QUERY, T_TEXT, 1, 50, NAME_TEXT, NULL},
};

/* ---- Routes ---- */

#define PARAMS(list) list, (int) (sizeof(list) / sizeof((list)[0]))
#define NO_PARAMS NULL, 0
#define STAFF_READ RF_STAFF_PRIMARY
#define STAFF_LIST (STAFF_READ | RF_SLOW)
#define STAFF_WRITE (RF_WRITE | RF_STRICT_BODY)
#define STAFF_CREATE (RF_WRITE | RF_IDEMPOTENT)
#define CART_WRITE (RF_WRITE | RF_CART)

const struct route routes_table[] = {
	{METHOD_GET, "/", NULL, ROLE_PUBLIC, RATE_NONE, 0, 200, ACTION_BANNER, NO_PARAMS},
	{METHOD_GET, "/health", NULL, ROLE_PUBLIC, RATE_NONE, 0, 200, ACTION_HEALTH, NO_PARAMS},
	{METHOD_GET, "/health/live", NULL, ROLE_PUBLIC, RATE_NONE, 0, 200, ACTION_LIVE, NO_PARAMS},
	{METHOD_GET, "/health/ready", NULL, ROLE_PUBLIC, RATE_NONE, 0, 200, ACTION_READY, NO_PARAMS},

	{METHOD_GET, "/products", "mjc_api.product_list", ROLE_OPTIONAL, RATE_SEARCH, 0, 200,
	 ACTION_NONE, PARAMS(product_list_params)},
	{METHOD_GET, "/products/featured", "mjc_api.product_featured", ROLE_PUBLIC, RATE_READ, 0, 200,
	 ACTION_NONE, PARAMS(product_featured_params)},
	{METHOD_GET, "/products/categories", "mjc_api.category_list", ROLE_PUBLIC, RATE_READ, 0, 200,
	 ACTION_NONE, PARAMS(category_list_params)},
	{METHOD_GET, "/products/manufacturers", "mjc_api.manufacturer_list", ROLE_PUBLIC, RATE_READ, 0,
	 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/products/:idOrSlug", "mjc_api.product_get", ROLE_OPTIONAL, RATE_READ, 0, 200,
	 ACTION_NONE, PARAMS(product_get_params)},
	{METHOD_POST, "/products/:id/inventory", "mjc_api.staff_inventory_change", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE | RF_IDEMPOTENT, 200, ACTION_NONE,
	 PARAMS(staff_inventory_change_params)},

	{METHOD_GET, "/boilers/models", "mjc_api.boiler_model_list", ROLE_PUBLIC, RATE_READ, RF_RAW,
	 200, ACTION_NONE, PARAMS(boiler_model_list_params)},
	{METHOD_GET, "/boilers/models/:id/parts", "mjc_api.boiler_model_parts", ROLE_PUBLIC, RATE_READ,
	 0, 200, ACTION_NONE, PARAMS(id_params)},

	{METHOD_GET, "/wilayas", "mjc_api.wilaya_list", ROLE_PUBLIC, RATE_READ, RF_RAW, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/wilayas/:code/shipping-cost", "mjc_api.wilaya_shipping_cost", ROLE_PUBLIC,
	 RATE_READ, 0, 200, ACTION_NONE, PARAMS(wilaya_shipping_cost_params)},

	{METHOD_GET, "/payments/methods", "mjc_api.payment_method_list", ROLE_PUBLIC, RATE_READ, 0, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/payments/verify/:transactionId", "mjc_api.payment_verify", ROLE_PUBLIC,
	 RATE_TRACK, RF_RAW, 200, ACTION_NONE, PARAMS(payment_verify_params)},
	{METHOD_POST, "/payments/refund", "mjc_api.staff_payment_refund", ROLE_ADMIN, RATE_STAFF,
	 STAFF_WRITE | RF_IDEMPOTENT, 201, ACTION_NONE, PARAMS(payment_refund_params)},
	{METHOD_POST, "/payments/shipping-cost", "mjc_api.shipping_quote", ROLE_PUBLIC, RATE_READ,
	 RF_STRICT_BODY, 200, ACTION_NONE, PARAMS(shipping_quote_params)},

	{METHOD_POST, "/cart/validate", "mjc_api.cart_validate", ROLE_PUBLIC, RATE_READ,
	 RF_STRICT_BODY | RF_MESSAGES, 200, ACTION_NONE, PARAMS(cart_validate_params)},

	{METHOD_GET, "/cart", "mjc_api.cart_get", ROLE_OPTIONAL, RATE_CART, RF_STAFF_PRIMARY | RF_CART,
	 200, ACTION_NONE, NO_PARAMS},
	{METHOD_DELETE, "/cart", "mjc_api.cart_clear", ROLE_OPTIONAL, RATE_CART, CART_WRITE, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/cart/items", "mjc_api.cart_add", ROLE_OPTIONAL, RATE_CART,
	 CART_WRITE | RF_IDEMPOTENT, 201, ACTION_NONE, PARAMS(cart_add_params)},
	{METHOD_PUT, "/cart/items/:itemId", "mjc_api.cart_set", ROLE_OPTIONAL, RATE_CART, CART_WRITE,
	 200, ACTION_NONE, PARAMS(cart_set_params)},
	{METHOD_DELETE, "/cart/items/:itemId", "mjc_api.cart_remove", ROLE_OPTIONAL, RATE_CART,
	 CART_WRITE, 200, ACTION_NONE, PARAMS(cart_remove_params)},
	{METHOD_POST, "/cart/sync", "mjc_api.cart_sync", ROLE_OPTIONAL, RATE_CART, CART_WRITE, 200,
	 ACTION_NONE, PARAMS(cart_sync_params)},
	{METHOD_POST, "/cart/merge", "mjc_api.cart_merge", ROLE_CUSTOMER, RATE_CART, CART_WRITE, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/cart/coupons", "mjc_api.cart_coupon_add", ROLE_OPTIONAL, RATE_TRACK,
	 CART_WRITE | RF_STRICT_BODY, 200, ACTION_NONE, PARAMS(cart_coupon_add_params)},
	{METHOD_DELETE, "/cart/coupons/:code", "mjc_api.cart_coupon_remove", ROLE_OPTIONAL, RATE_CART,
	 CART_WRITE, 200, ACTION_NONE, PARAMS(code_params)},
	{METHOD_POST, "/cart/quote", "mjc_api.cart_quote", ROLE_OPTIONAL, RATE_READ,
	 RF_STAFF_PRIMARY | RF_CART, 200, ACTION_NONE, PARAMS(cart_quote_params)},

	{METHOD_POST, "/orders/guest", "mjc_api.order_place_guest", ROLE_PUBLIC, RATE_ORDER,
	 RF_WRITE | RF_IDEMPOTENT, 201, ACTION_NONE, PARAMS(order_place_guest_params)},
	{METHOD_POST, "/orders", "mjc_api.order_place", ROLE_CUSTOMER, RATE_ORDER,
	 RF_WRITE | RF_IDEMPOTENT, 201, ACTION_NONE, PARAMS(order_place_params)},
	{METHOD_GET, "/orders", "mjc_api.order_list", ROLE_CUSTOMER, RATE_READ, RF_STAFF_PRIMARY, 200,
	 ACTION_NONE, PARAMS(order_list_params)},
	{METHOD_GET, "/orders/statistics", "mjc_api.order_statistics", ROLE_CUSTOMER, RATE_READ,
	 RF_STAFF_PRIMARY, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/orders/:id", "mjc_api.order_get", ROLE_CUSTOMER, RATE_READ, RF_STAFF_PRIMARY,
	 200, ACTION_NONE, PARAMS(order_get_params)},
	{METHOD_PATCH, "/orders/:id/cancel", "mjc_api.order_cancel", ROLE_CUSTOMER, RATE_READ,
	 RF_WRITE | RF_STRICT_BODY, 200, ACTION_NONE, PARAMS(order_cancel_params)},
	{METHOD_GET, "/orders/:id/invoice", "mjc_api.order_invoice", ROLE_CUSTOMER, RATE_READ,
	 RF_STAFF_PRIMARY | RF_PAGE, 200, ACTION_NONE, PARAMS(order_invoice_params)},
	{METHOD_GET, "/orders/track", "mjc_api.order_track", ROLE_PUBLIC, RATE_TRACK, 0, 200,
	 ACTION_NONE, PARAMS(order_track_params)},

	{METHOD_POST, "/payments/process", "mjc_api.checkout_begin", ROLE_PUBLIC, RATE_TRACK, RF_WRITE,
	 200, ACTION_CHECKOUT, PARAMS(payment_process_params)},
	{METHOD_POST, "/payments/webhooks/stripe", NULL, ROLE_PUBLIC, RATE_WEBHOOK, RF_WRITE | RF_RAW,
	 200, ACTION_WEBHOOK, NO_PARAMS},
	{METHOD_POST, "/payments/webhooks/chargily", NULL, ROLE_PUBLIC, RATE_WEBHOOK, RF_WRITE | RF_RAW,
	 200, ACTION_WEBHOOK, NO_PARAMS},
	{METHOD_POST, "/carriers/webhooks/yalidine", NULL, ROLE_PUBLIC, RATE_WEBHOOK, RF_WRITE | RF_RAW,
	 200, ACTION_WEBHOOK, NO_PARAMS},
	{METHOD_GET, "/carriers/webhooks/yalidine", NULL, ROLE_PUBLIC, RATE_WEBHOOK, RF_RAW, 200,
	 ACTION_WEBHOOK, PARAMS(yalidine_echo_params)},

	{METHOD_POST, "/auth/register", NULL, ROLE_PUBLIC, RATE_SIGNUP, RF_WRITE, 201, ACTION_REGISTER,
	 PARAMS(register_params)},
	{METHOD_POST, "/auth/login", NULL, ROLE_PUBLIC, RATE_AUTH, RF_WRITE, 200, ACTION_LOGIN,
	 PARAMS(login_params)},
	{METHOD_POST, "/auth/social-login", NULL, ROLE_PUBLIC, RATE_AUTH, RF_WRITE, 200,
	 ACTION_SOCIAL_LOGIN, PARAMS(social_login_params)},
	{METHOD_POST, "/auth/refresh", NULL, ROLE_PUBLIC, RATE_CART, RF_WRITE, 200, ACTION_REFRESH,
	 PARAMS(refresh_params)},
	{METHOD_POST, "/auth/logout", NULL, ROLE_PUBLIC, RATE_CART, RF_WRITE, 200, ACTION_SIGN_OUT,
	 PARAMS(refresh_params)},
	{METHOD_POST, "/auth/logout-all", "mjc_api.auth_logout_everywhere", ROLE_CUSTOMER, RATE_READ,
	 RF_WRITE | RF_RAW, 200, ACTION_LOGOUT, NO_PARAMS},
	{METHOD_GET, "/auth/me", "mjc_api.auth_me", ROLE_CUSTOMER, RATE_READ, STAFF_READ, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/auth/profile", "mjc_api.auth_me", ROLE_CUSTOMER, RATE_READ, STAFF_READ, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_PUT, "/auth/profile", "mjc_api.auth_profile_set", ROLE_CUSTOMER, RATE_READ, RF_WRITE,
	 200, ACTION_NONE, PARAMS(profile_params)},
	{METHOD_POST, "/auth/change-password", NULL, ROLE_CUSTOMER, RATE_AUTH, RF_WRITE | RF_RAW, 200,
	 ACTION_PASSWORD_CHANGE, PARAMS(password_change_params)},
	{METHOD_POST, "/auth/request-password-reset", NULL, ROLE_PUBLIC, RATE_TRACK, RF_WRITE | RF_RAW,
	 200, ACTION_PASSWORD_FORGOT, PARAMS(password_forgot_params)},
	{METHOD_POST, "/auth/reset-password", NULL, ROLE_PUBLIC, RATE_AUTH, RF_WRITE | RF_RAW, 200,
	 ACTION_PASSWORD_RESET, PARAMS(password_reset_params)},
	{METHOD_POST, "/auth/verify-email", NULL, ROLE_PUBLIC, RATE_AUTH, RF_WRITE | RF_RAW, 200,
	 ACTION_EMAIL_VERIFY, PARAMS(email_verify_params)},
	{METHOD_POST, "/auth/resend-verification", "mjc_api.auth_verification_resend", ROLE_CUSTOMER,
	 RATE_TRACK, RF_WRITE | RF_RAW, 200, ACTION_NONE, NO_PARAMS},

	{METHOD_POST, "/admin/totp/begin", "mjc_api.totp_begin", ROLE_TECHNICIAN, RATE_STAFF, RF_WRITE,
	 200, ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/admin/totp/enable", "mjc_api.totp_enable", ROLE_TECHNICIAN, RATE_AUTH, RF_WRITE,
	 200, ACTION_CODE, PARAMS(totp_enable_params)},
	{METHOD_POST, "/admin/totp/disable", "mjc_api.totp_disable", ROLE_TECHNICIAN, RATE_AUTH,
	 RF_WRITE, 200, ACTION_CODE, PARAMS(totp_enable_params)},

	{METHOD_POST, "/admin/login", NULL, ROLE_PUBLIC, RATE_AUTH, RF_WRITE, 200, ACTION_STAFF_LOGIN,
	 PARAMS(login_params)},
	{METHOD_GET, "/admin/me", "mjc_api.staff_me", ROLE_ADMIN, RATE_STAFF, STAFF_READ, 200,
	 ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/admin/logout", "mjc_api.auth_logout", ROLE_ADMIN, RATE_STAFF, RF_WRITE | RF_RAW,
	 200, ACTION_LOGOUT, NO_PARAMS},

	{METHOD_GET, "/admin/orders", "mjc_api.staff_order_list", ROLE_ADMIN, RATE_STAFF, RF_RECORDS,
	 200, ACTION_NONE, PARAMS(staff_order_list_params)},
	{METHOD_POST, "/admin/orders", "mjc_api.staff_order_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(staff_order_create_params)},
	{METHOD_GET, "/admin/orders/stats", "mjc_api.staff_order_stats", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/admin/orders/:orderId", "mjc_api.staff_order_get", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_PATCH, "/admin/orders/:orderId", "mjc_api.staff_order_update", ROLE_ADMIN, RATE_STAFF,
	 STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_update_params)},
	{METHOD_GET, "/admin/orders/:orderId/tracking", "mjc_api.staff_order_tracking", ROLE_ADMIN,
	 RATE_STAFF, RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_GET, "/admin/orders/:orderId/notes", "mjc_api.staff_order_notes", ROLE_ADMIN,
	 RATE_STAFF, RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_POST, "/admin/orders/:orderId/notes", "mjc_api.staff_order_note_add", ROLE_ADMIN,
	 RATE_STAFF, STAFF_CREATE | RF_STRICT_BODY, 201, ACTION_NONE, PARAMS(staff_order_note_params)},
	{METHOD_GET, "/admin/orders/search", "mjc_api.staff_order_search", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_order_search_params)},
	{METHOD_GET, "/admin/orders/recent", "mjc_api.staff_order_recent", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_limit_params)},
	{METHOD_GET, "/admin/orders/delayed", "mjc_api.staff_order_delayed", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_limit_params)},
	{METHOD_GET, "/admin/orders/trends", "mjc_api.staff_order_trends", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, PARAMS(staff_order_trends_params)},
	{METHOD_GET, "/admin/orders/export", "mjc_api.staff_order_export", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_order_export_params)},
	{METHOD_GET, "/admin/export", "mjc_api.staff_export", ROLE_ADMIN, RATE_STAFF, RF_RECORDS, 200,
	 ACTION_NONE, PARAMS(staff_export_params)},
	{METHOD_PUT, "/admin/orders/:orderId/status", "mjc_api.staff_order_status_set", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_status_params)},
	{METHOD_PATCH, "/admin/orders/:orderId/status", "mjc_api.staff_order_status_set", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_status_params)},
	{METHOD_POST, "/admin/orders/:orderId/cancel", "mjc_api.staff_order_cancel", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_cancel_params)},
	{METHOD_GET, "/admin/orders/:orderId/payments", "mjc_api.staff_order_payments", ROLE_ADMIN,
	 RATE_STAFF, STAFF_READ, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_POST, "/admin/orders/:orderId/payments", "mjc_api.staff_payment_record", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE | RF_IDEMPOTENT, 201, ACTION_NONE,
	 PARAMS(staff_payment_record_params)},
	{METHOD_POST, "/admin/orders/:orderId/payments/:paymentId/mismatch",
	 "mjc_api.staff_payment_mismatch", ROLE_ADMIN, RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE,
	 PARAMS(staff_payment_mismatch_params)},
	{METHOD_POST, "/admin/orders/:orderId/refunds/:refundId/done", "mjc_api.staff_refund_done",
	 ROLE_ADMIN, RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_refund_done_params)},
	{METHOD_GET, "/admin/orders/:orderId/shipments", "mjc_api.staff_order_shipments", ROLE_ADMIN,
	 RATE_STAFF, STAFF_READ, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_POST, "/admin/orders/:orderId/shipments", "mjc_api.staff_shipment_pack", ROLE_ADMIN,
	 RATE_STAFF, STAFF_CREATE, 201, ACTION_NONE, PARAMS(staff_shipment_pack_params)},
	{METHOD_POST, "/admin/orders/:orderId/shipments/:shipmentNo", "mjc_api.staff_shipment_step",
	 ROLE_ADMIN, RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_shipment_step_params)},
	{METHOD_POST, "/admin/remittances", "mjc_api.staff_remittance_record", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_POST, "/admin/orders/:orderId/ship", "mjc_api.staff_order_ship", ROLE_ADMIN, RATE_STAFF,
	 STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_ship_params)},
	{METHOD_GET, "/admin/orders/:orderId/invoice", "mjc_api.staff_order_invoice", ROLE_ADMIN,
	 RATE_STAFF, RF_RECORDS | RF_PAGE, 200, ACTION_NONE, PARAMS(staff_order_invoice_params)},
	{METHOD_POST, "/admin/orders/:orderId/invoice", "mjc_api.staff_order_invoice_issue", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_params)},
	{METHOD_POST, "/admin/orders/:orderId/deliver", "mjc_api.staff_order_deliver", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(staff_order_params)},

	{METHOD_GET, "/admin/inventory/alerts", "mjc_api.staff_inventory_alerts", ROLE_ADMIN,
	 RATE_STAFF, STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},

	{METHOD_GET, "/admin/customers", "mjc_api.staff_customer_list", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_customer_list_params)},
	{METHOD_POST, "/admin/customers", "mjc_api.staff_customer_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE | RF_STRICT_BODY, 201, ACTION_NONE, PARAMS(customer_create_params)},
	{METHOD_GET, "/admin/customers/stats", "mjc_api.staff_customer_stats", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/admin/customers/segments", "mjc_api.staff_customer_segments", ROLE_ADMIN,
	 RATE_STAFF, STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/admin/customers/export", "mjc_api.staff_customer_export", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_customer_export_params)},
	{METHOD_GET, "/admin/customers/:id", "mjc_api.staff_customer_get", ROLE_ADMIN, RATE_STAFF,
	 RF_RECORDS, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_PATCH, "/admin/customers/:id", "mjc_api.staff_customer_update", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_DELETE, "/admin/customers/:id", "mjc_api.staff_customer_delete", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_PATCH, "/admin/customers/:id/status", "mjc_api.staff_customer_status_set", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_customer_status_params)},
	{METHOD_GET, "/admin/customers/:id/orders", "mjc_api.staff_customer_orders", ROLE_ADMIN,
	 RATE_STAFF, RF_RECORDS, 200, ACTION_NONE, PARAMS(staff_customer_orders_params)},
	{METHOD_POST, "/admin/customers/:id/join", "mjc_api.staff_customer_join", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(staff_customer_join_params)},
	{METHOD_GET, "/admin/customers/:id/export-data", "mjc_api.staff_customer_export_data",
	 ROLE_ADMIN, RATE_STAFF, RF_RECORDS, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_GET, "/admin/customers/:id/notes", "mjc_api.staff_customer_notes", ROLE_ADMIN,
	 RATE_STAFF, RF_RECORDS, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_POST, "/admin/customers/:id/notes", "mjc_api.staff_customer_note_add", ROLE_ADMIN,
	 RATE_STAFF, STAFF_CREATE | RF_STRICT_BODY, 201, ACTION_NONE,
	 PARAMS(staff_customer_note_params)},

	{METHOD_GET, "/customers", "mjc_api.customer_list", ROLE_ADMIN, RATE_STAFF, RF_RECORDS, 200,
	 ACTION_NONE, PARAMS(customer_list_params)},
	{METHOD_POST, "/customers", "mjc_api.customer_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE | RF_STRICT_BODY, 201, ACTION_NONE, PARAMS(customer_create_params)},
	{METHOD_GET, "/customers/statistics", "mjc_api.customer_statistics", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_GET, "/customers/:id", "mjc_api.customer_get", ROLE_ADMIN, RATE_STAFF, RF_RECORDS, 200,
	 ACTION_NONE, PARAMS(id_params)},
	{METHOD_PUT, "/customers/:id", "mjc_api.customer_update", ROLE_ADMIN, RATE_STAFF, RF_WRITE, 200,
	 ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_PATCH, "/customers/:id/activate", "mjc_api.customer_activate", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_PATCH, "/customers/:id/deactivate", "mjc_api.customer_deactivate", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},

	{METHOD_GET, "/consents", "mjc_api.consent_text_list", ROLE_PUBLIC, RATE_READ, 0, 200,
	 ACTION_NONE, PARAMS(consent_text_params)},
	{METHOD_GET, "/customers/consents", "mjc_api.customer_consent_list", ROLE_CUSTOMER, RATE_READ,
	 STAFF_READ, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/customers/consents", "mjc_api.customer_consent_set", ROLE_CUSTOMER, RATE_READ,
	 STAFF_WRITE, 200, ACTION_NONE, PARAMS(consent_params)},
	{METHOD_GET, "/customers/profile/export", "mjc_api.customer_export_self", ROLE_CUSTOMER,
	 RATE_TRACK, STAFF_READ, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_DELETE, "/customers/profile/me", "mjc_api.customer_erase_self", ROLE_CUSTOMER,
	 RATE_TRACK, STAFF_WRITE, 200, ACTION_NONE, PARAMS(customer_erase_params)},
	{METHOD_GET, "/customers/profile/me", "mjc_api.customer_me", ROLE_CUSTOMER, RATE_READ,
	 RF_STAFF_PRIMARY, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_PUT, "/customers/profile/me", "mjc_api.customer_me_set", ROLE_CUSTOMER, RATE_READ,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(body_params)},
	{METHOD_GET, "/customers/orders/history", "mjc_api.customer_order_list", ROLE_CUSTOMER,
	 RATE_READ, RF_STAFF_PRIMARY, 200, ACTION_NONE, PARAMS(customer_orders_params)},
	{METHOD_POST, "/customers/addresses", "mjc_api.address_add", ROLE_CUSTOMER, RATE_READ,
	 RF_WRITE | RF_IDEMPOTENT | RF_STRICT_BODY, 201, ACTION_NONE, PARAMS(address_add_params)},
	{METHOD_PUT, "/customers/addresses/:addressId", "mjc_api.address_set", ROLE_CUSTOMER, RATE_READ,
	 RF_WRITE | RF_STRICT_BODY, 200, ACTION_NONE, PARAMS(address_set_params)},
	{METHOD_DELETE, "/customers/addresses/:addressId", "mjc_api.address_remove", ROLE_CUSTOMER,
	 RATE_READ, RF_WRITE, 200, ACTION_NONE, PARAMS(address_remove_params)},

	{METHOD_GET, "/admin/customer-groups", "mjc_api.staff_customer_group_list", ROLE_ADMIN,
	 RATE_STAFF, STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_PUT, "/admin/customer-groups/:code", "mjc_api.staff_customer_group_set", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(code_body_params)},
	{METHOD_PUT, "/admin/customers/:id/group", "mjc_api.staff_customer_group_assign", ROLE_ADMIN,
	 RATE_STAFF, STAFF_WRITE, 200, ACTION_NONE, PARAMS(customer_group_assign_params)},
	{METHOD_PUT, "/admin/products/:id/price", "mjc_api.staff_price_set", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_body_params)},

	{METHOD_GET, "/admin/price-lists", "mjc_api.staff_price_list_list", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_POST, "/admin/price-lists", "mjc_api.staff_price_list_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_PUT, "/admin/price-lists/:id", "mjc_api.staff_price_list_update", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_DELETE, "/admin/price-lists/:id", "mjc_api.staff_price_list_delete", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_GET, "/admin/price-lists/:id/prices", "mjc_api.staff_price_list_prices", ROLE_ADMIN,
	 RATE_STAFF, STAFF_LIST, 200, ACTION_NONE, PARAMS(price_list_prices_params)},
	{METHOD_POST, "/admin/price-lists/:id/prices", "mjc_api.staff_price_create", ROLE_ADMIN,
	 RATE_STAFF, STAFF_CREATE, 201, ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_DELETE, "/admin/price-lists/:id/prices/:priceId", "mjc_api.staff_price_end", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(price_end_params)},

	{METHOD_GET, "/admin/promotions", "mjc_api.staff_promotion_list", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, PARAMS(promotion_list_params)},
	{METHOD_POST, "/admin/promotions", "mjc_api.staff_promotion_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_GET, "/admin/promotions/:id", "mjc_api.staff_promotion_get", ROLE_ADMIN, RATE_STAFF,
	 STAFF_READ, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_PUT, "/admin/promotions/:id", "mjc_api.staff_promotion_update", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_DELETE, "/admin/promotions/:id", "mjc_api.staff_promotion_delete", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_POST, "/admin/promotions/:id/what-if", "mjc_api.staff_promotion_what_if", ROLE_ADMIN,
	 RATE_STAFF, STAFF_LIST | RF_STRICT_BODY, 200, ACTION_NONE, PARAMS(promotion_what_if_params)},

	{METHOD_GET, "/admin/coupons", "mjc_api.staff_coupon_list", ROLE_ADMIN, RATE_STAFF, STAFF_LIST,
	 200, ACTION_NONE, PARAMS(coupon_list_params)},
	{METHOD_POST, "/admin/coupons", "mjc_api.staff_coupon_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_GET, "/admin/coupons/:code", "mjc_api.staff_coupon_get", ROLE_ADMIN, RATE_STAFF,
	 STAFF_READ, 200, ACTION_NONE, PARAMS(code_params)},
	{METHOD_PUT, "/admin/coupons/:code", "mjc_api.staff_coupon_update", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(code_body_params)},
	{METHOD_DELETE, "/admin/coupons/:code", "mjc_api.staff_coupon_delete", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(code_params)},

	{METHOD_GET, "/admin/shipping-tariffs", "mjc_api.staff_tariff_list", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, PARAMS(tariff_list_params)},
	{METHOD_POST, "/admin/shipping-tariffs", "mjc_api.staff_tariff_create", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_PUT, "/admin/shipping-tariffs/:id", "mjc_api.staff_tariff_update", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_body_params)},
	{METHOD_DELETE, "/admin/shipping-tariffs/:id", "mjc_api.staff_tariff_delete", ROLE_ADMIN,
	 RATE_STAFF, RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_GET, "/admin/carrier-zones", "mjc_api.staff_carrier_zone_list", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, PARAMS(carrier_zone_list_params)},
	{METHOD_POST, "/admin/carrier-zones", "mjc_api.staff_carrier_zone_set", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(body_params)},

	{METHOD_GET, "/admin/settings", "mjc_api.staff_settings_get", ROLE_SUPER, RATE_STAFF,
	 STAFF_READ, 200, ACTION_NONE, NO_PARAMS},
	{METHOD_PUT, "/admin/settings", "mjc_api.staff_settings_set", ROLE_SUPER, RATE_STAFF, RF_WRITE,
	 200, ACTION_NONE, PARAMS(body_params)},

	{METHOD_GET, "/admin/gift-cards", "mjc_api.staff_credit_list", ROLE_ADMIN, RATE_STAFF,
	 STAFF_LIST, 200, ACTION_NONE, PARAMS(staff_page_params)},
	{METHOD_POST, "/admin/gift-cards", "mjc_api.staff_gift_card_issue", ROLE_ADMIN, RATE_STAFF,
	 STAFF_CREATE, 201, ACTION_NONE, PARAMS(body_params)},
	{METHOD_GET, "/admin/gift-cards/:id", "mjc_api.staff_credit_get", ROLE_ADMIN, RATE_STAFF,
	 STAFF_READ, 200, ACTION_NONE, PARAMS(id_params)},
	{METHOD_DELETE, "/admin/gift-cards/:id", "mjc_api.staff_credit_close", ROLE_ADMIN, RATE_STAFF,
	 RF_WRITE, 200, ACTION_NONE, PARAMS(id_params)},
};

const int routes_count = (int) (sizeof(routes_table) / sizeof(routes_table[0]));
