/*
 * routes_params.h - the parameters of the routes, row by row; for routes.c alone.
 *
 * Body fields that the frontends send beyond what a rule reads (amounts of an
 * order, lines of a cart) are ignored; every other row refuses them, by
 * RF_STRICT_BODY or, where the body is taken whole, in its function.
 */
#ifndef MJC_SHIM_ROUTES_PARAMS_H
#define MJC_SHIM_ROUTES_PARAMS_H

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
/* Read once, in the database: batches are many and large. */
static const struct param_def event_params[] = {
	{"", IN_BODY, T_JSON_RAW, 1, 262144, P_REQUIRED, NULL}};
static const struct param_def file_params[] = {{"name", IN_PATH, T_TEXT, 1, 80, P_REQUIRED, NULL}};
/* A part of a file; more than the body limit of other routes. */
static const struct param_def import_take_params[] = {
	{ID_IN_PATH},
	{"chunk", IN_PATH, T_INT, 1, 100000, P_REQUIRED, NULL},
	{"", IN_BODY, T_FILE, 1, 4194304, P_REQUIRED, NULL},
};
static const struct param_def import_error_params[] = {{ID_IN_PATH}, {STAFF_PAGE}, {STAFF_LIMIT}};
static const struct param_def import_error_export_params[] = {
	{ID_IN_PATH},
	{"raw", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};
static const struct param_def product_export_params[] = {
	{"raw", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};
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

static const struct param_def search_params[] = {
	{"q", IN_QUERY, T_TEXT, 1, 200, NAME_TEXT, NULL},
	{"page", IN_QUERY, T_INT, 1, 10000, NAME_TEXT, NULL},
	{LIMIT_100},
	{"category", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"manufacturer", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"kind", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"minPrice", IN_QUERY, T_MONEY, 0, MONEY_MAX, NAME_TEXT, NULL},
	{"maxPrice", IN_QUERY, T_MONEY, 0, MONEY_MAX, NAME_TEXT, NULL},
	{"inStock", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
	{"boilerModel", IN_QUERY, T_TEXT_LIST, 0, 50, NAME_TEXT, NULL},
	{"sort", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "relevance|price_asc|price_desc|newest"},
};

static const struct param_def search_suggest_params[] = {
	{"q", IN_QUERY, T_TEXT, 1, 200, NEEDED_TEXT, NULL},
	{"limit", IN_QUERY, T_INT, 1, 10, NAME_TEXT, NULL},
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

static const struct param_def product_batch_params[] = {
	{"productIds", IN_BODY, T_TEXT_LIST, 0, 100, P_REQUIRED, NULL},
};

static const struct param_def category_index_params[] = {
	{"main", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def category_get_params[] = {
	{"idOrSlug", IN_PATH, T_SLUG_OR_ID, 1, 255, P_REQUIRED, NULL},
};

static const struct param_def boiler_model_list_params[] = {
	{"manufacturerId", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"search", IN_QUERY, T_TEXT, 0, 200, NAME_TEXT, NULL},
	{"range", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def boiler_model_parts_params[] = {
	{ID_IN_PATH},
	{STAFF_PAGE},
	{STAFF_LIMIT},
};

/* What is known of a boiler; a query takes it, and so does what a customer keeps. */
#define BOILER_FACTS(place)                                                                        \
	{"variant", place, T_TEXT, 1, 64, NAME_TEXT, NULL},                                            \
		{"code", place, T_TEXT, 1, 64, NAME_TEXT, NULL},                                           \
		{"serial", place, T_TEXT, 1, 64, NAME_TEXT, NULL},                                         \
		{"manufacturer", place, T_TEXT, 1, 255, NAME_TEXT, NULL},                                  \
		{"built", place, T_TEXT, 4, 10, NAME_TEXT, NULL},                                          \
	{                                                                                              \
		"gas", place, T_CHOICE, 0, 0, NAME_TEXT, "G20|G25|G30|G31"                                 \
	}
#define MINE "mine", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL

static const struct param_def boiler_finder_params[] = {
	{"model", IN_QUERY, T_TEXT, 1, 64, NAME_TEXT, NULL},
	BOILER_FACTS(IN_QUERY),
	{MINE},
	{"kind", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"category", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{STAFF_PAGE},
	{LIMIT_100},
};

static const struct param_def product_fits_params[] = {
	{ID_IN_PATH},
	{"boilerModel", IN_QUERY, T_TEXT, 1, 64, NAME_TEXT, NULL},
	BOILER_FACTS(IN_QUERY),
	{MINE},
};

static const struct param_def boiler_plate_params[] = {
	{"manufacturer", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
	{"text", IN_QUERY, T_TEXT, 1, 64, NEEDED_TEXT, NULL},
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

static const struct param_def staff_order_edit_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
};

static const struct param_def staff_order_return_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"reason", IN_BODY, T_TEXT, 1, 200, NEEDED_TEXT, NULL},
	{"damaged", IN_BODY, T_BOOL, 0, 0, 0, NULL},
	{"refund", IN_BODY, T_BOOL, 0, 0, 0, NULL},
};

static const struct param_def staff_order_exchange_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"items[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"items[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"newItems[].productId", IN_BODY, T_UUID_ARRAY, 1, 50, P_REQUIRED, NULL},
	{"newItems[].quantity", IN_BODY, T_INT_ARRAY, 1, 999, P_REQUIRED, NULL},
	{"reason", IN_BODY, T_TEXT, 1, 200, NEEDED_TEXT, NULL},
	{"damaged", IN_BODY, T_BOOL, 0, 0, 0, NULL},
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

#define TIMEFRAME "timeframe", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "7d|30d|90d|1y"
/* A file as it is, in place of its text in data. */
#define RAW_FILE "raw", IN_QUERY, T_BOOL, 0, 0, NAME_TEXT, NULL
#define EXPORT_FORMAT "format", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "csv|json"

static const struct param_def staff_order_export_params[] = {
	{EXPORT_FORMAT},
	{"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, ORDER_STATUSES},
	{"customerId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
	{"dateFrom", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_QUERY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
	{"search", IN_QUERY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{RAW_FILE},
};

static const struct param_def staff_export_params[] = {
	{"type", IN_QUERY, T_CHOICE, 0, 0, NEEDED_TEXT, "orders|customers"},
	{EXPORT_FORMAT},
	{"dateFrom", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL},
	{"dateTo", IN_QUERY, T_TIME_TO, 0, 0, NAME_TEXT, NULL},
	{TIMEFRAME},
	{RAW_FILE},
};

#define GROUP_BY "groupBy", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "day|week|month"

static const struct param_def timeframe_params[] = {{TIMEFRAME}};
static const struct param_def staff_sales_params[] = {{TIMEFRAME}, {GROUP_BY}};

/* Both days count, so the last one is told by its start as the first one is. */
#define START_DATE "startDate", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL
#define END_DATE "endDate", IN_QUERY, T_TIME_FROM, 0, 0, NAME_TEXT, NULL

static const struct param_def report_params[] = {{TIMEFRAME}, {START_DATE}, {END_DATE}};
static const struct param_def report_sales_params[] = {
	{TIMEFRAME}, {START_DATE}, {END_DATE}, {GROUP_BY}};

static const struct param_def analytics_session_params[] = {
	{"sessionId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
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
	{"shipmentNo", IN_BODY, T_INT, 0, 10000, 0, NULL},
	{"goodwill", IN_BODY, T_BOOL, 0, 0, 0, NULL},
};

static const struct param_def staff_refund_for_params[] = {
	{"orderId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"refundId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
	{"shipmentNo", IN_BODY, T_INT, 0, 10000, 0, NULL},
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
	{RAW_FILE},
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
		{"number", IN_QUERY, T_TEXT, 1, 30, NAME_TEXT, NULL},                                      \
	{                                                                                              \
		"format", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "html|pdf"                                  \
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

static const struct param_def category_delete_params[] = {
	{ID_IN_PATH},
	{"moveTo", IN_QUERY, T_TEXT, 1, 255, NAME_TEXT, NULL},
};

static const struct param_def review_create_params[] = {
	{ID_IN_PATH},
	{"rating", IN_BODY, T_INT, 1, 5, P_REQUIRED, NULL},
	{"title", IN_BODY, T_TEXT, 0, 100, NAME_TEXT, NULL},
	{"comment", IN_BODY, T_TEXT, 0, 1000, NAME_TEXT | P_MULTILINE, NULL},
};

static const struct param_def review_list_params[] = {
	{ID_IN_PATH},
	{"page", IN_QUERY, T_INT, 1, 100000, NAME_TEXT, NULL},
	{"limit", IN_QUERY, T_INT, 1, 50, NAME_TEXT, NULL},
};

static const struct param_def staff_review_list_params[] = {
	{STAFF_PAGE},
	{LIMIT_100},
	{"status", IN_QUERY, T_CHOICE, 0, 0, NAME_TEXT, "PENDING|PUBLISHED|HIDDEN"},
	{"productId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

#define BOILER_IN_PATH "boilerId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL
#define BOILER_FIELDS                                                                              \
	{"label", IN_BODY, T_TEXT, 1, 60, NAME_TEXT, NULL},                                            \
		{"model", IN_BODY, T_TEXT, 1, 64, NAME_TEXT, NULL}, BOILER_FACTS(IN_BODY)

static const struct param_def customer_boiler_add_params[] = {BOILER_FIELDS};
static const struct param_def customer_boiler_set_params[] = {{BOILER_IN_PATH}, BOILER_FIELDS};
static const struct param_def customer_boiler_remove_params[] = {{BOILER_IN_PATH}};

static const struct param_def cross_reference_delete_params[] = {
	{ID_IN_PATH},
	{"crossReferenceId", IN_PATH, T_UUID, 0, 0, P_REQUIRED, NULL},
};

static const struct param_def boiler_code_delete_params[] = {
	{"scheme", IN_PATH, T_TEXT, 1, 20, NEEDED_TEXT, NULL},
	{CODE_IN_PATH},
};

static const struct param_def maker_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"manufacturerId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def staff_model_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"manufacturerId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
	{"rangeId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def of_model_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"modelId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

static const struct param_def fitment_list_params[] = {
	{STAFF_PAGE},
	{STAFF_LIMIT},
	{"productId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
	{"modelId", IN_QUERY, T_UUID, 0, 0, NAME_TEXT, NULL},
};

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

#endif /* MJC_SHIM_ROUTES_PARAMS_H */
