"""Every setting comes from the environment; what is missing has a value that is safe on a laptop."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import global_settings

from backend.local_secrets import local_secret
from backend.production import check_production
from backend.schedule import SCHEDULE
from compliance.algorithms import ALGORITHMS
from operators.settings import UNFOLD  # noqa: F401  (titles, sidebar)
from partners.settings import OAUTH2_PROVIDER  # noqa: F401  (tokens of partners)

ROOT = Path(__file__).resolve().parent.parent
LOCAL = Path(os.environ.get("D2C_LOCAL", ROOT / ".local"))
if os.environ.get("D2C_PRODUCTION", "") not in {"", "0", "1"}:
    raise RuntimeError("D2C_PRODUCTION is 1 in production, and 0 or unset elsewhere")
PRODUCTION = os.environ.get("D2C_PRODUCTION", "") == "1"
DEBUG = False


def env(name: str, default: str = "") -> str:
    """The environment's value, or the default where it is unset or empty."""
    return os.environ.get(name) or default


def secret(name: str) -> str:
    """A secret from the environment; on a laptop one that was generated at first use."""
    value = os.environ.get(name)
    if value:
        return value
    if PRODUCTION:
        raise RuntimeError(f"{name} must be set in production")
    return local_secret(LOCAL, name)


def database(url: str) -> dict[str, Any]:
    """A Django database entry from postgresql://user:password@host:port/name?host=/socket/folder."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "kernel.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or str(parts.port or ""),
        "CONN_HEALTH_CHECKS": False,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 1},
    }


SECRET_KEY = secret("SECRET_KEY")
VAULT_MASTER_KEYS = secret("VAULT_MASTER_KEYS")
VAULT_INDEX_KEYS = secret("VAULT_INDEX_KEYS")
VAULT_ALGORITHM = env("VAULT_ALGORITHM", "AES-256-GCM")  # or SM4-GCM: what is sealed from now on
if VAULT_ALGORITHM not in ALGORITHMS:
    raise RuntimeError(f"VAULT_ALGORITHM is one of {', '.join(ALGORITHMS)}")
KMS_BASE = env("KMS_BASE", "https://kms.tencentcloudapi.com")  # asked when VAULT_MASTER_KEYS begins with kms:
KMS_REGION = env("KMS_REGION", "ap-guangzhou")
KMS_SECRET_ID = env("KMS_SECRET_ID")
KMS_SECRET_KEY = env("KMS_SECRET_KEY")
KMS_KEY_ID = env("KMS_KEY_ID")
PUBLIC_BASE_URL = env("PUBLIC_BASE_URL", "http://127.0.0.1:8000")
WECHAT_API_BASE = env("WECHAT_API_BASE", "https://api.weixin.qq.com")
WECHAT_ORDER_PATH = env("WECHAT_ORDER_PATH", "")  # the page that WeChat's messages about shipping lead to
WECHAT_PAY_BASE = env("WECHAT_PAY_BASE", "https://api.mch.weixin.qq.com")
# Of which accounts at WeChat Pay the movements are fetched; for a merchant whose sales are booked at once.
BILL_ACCOUNTS = tuple(filter(None, env("BILL_ACCOUNTS", "BASIC").split(",")))
WECHAT_CUSTOMS_BASE = env("WECHAT_CUSTOMS_BASE", "https://apihk.mch.weixin.qq.com")  # of the v3 family
WECHAT_CUSTOMS_ROOT = env("WECHAT_CUSTOMS_ROOT", "/v3/global/customs")
WECHAT_CUSTOMS_PADDING = env("WECHAT_CUSTOMS_PADDING", "PKCS1")  # or OAEP: of a payer's name and number
IDENTITY_PROVIDER = "faceid"  # see customers/gateways/providers.py
FACEID_BASE = env("FACEID_BASE", "https://faceid.tencentcloudapi.com")
FACEID_SECRET_ID = env("FACEID_SECRET_ID")
FACEID_SECRET_KEY = env("FACEID_SECRET_KEY")
# Who tells of parcels and of customs' release: nobody yet, or on a laptop the stand-in at this address.
CARRIER, CLEARANCE = env("CARRIER"), env("CLEARANCE")
TRADE_BASE = env("TRADE_BASE")
SF_BASE = env("SF_BASE", "https://sfapi.sf-express.com")  # issues waybills, with a storefront's account
KUAIDI100_BASE = env("KUAIDI100_BASE", "https://poll.kuaidi100.com")  # tells of parcels
CFETS_BASE = env("CFETS_BASE", "https://www.chinamoney.com.cn")  # central parity of the yuan
# Where messages for customs are handed over, and who signs them: both stand in a network of our own.
PORT_BASE = env("PORT_BASE")
PARTNER_FOLDERS = env("PARTNER_FOLDERS")  # below it lie partners' folders, by storefront; none: none are
PORT_FOLDERS = env("PORT_FOLDERS")  # below it lie the folders of ports' clients; none: none are used
# Through whom carrier and site are asked for their messages; nobody: they tell customs by themselves.
CUSTOMS_SENDERS = env("CUSTOMS_SENDERS")
SIGN_BASE = env(
    "SIGN_BASE"
)  # the port's signing machine (加签机), http; the same address as ws is its WebSocket
PORT_DATA_BASE = env(
    "PORT_DATA_BASE", "https://customs.chinaport.gov.cn"
)  # takes payment data that is asked for
PORT_DATA_FROM = env("PORT_DATA_FROM")  # the networks from which customs asks for it; none: any, on a laptop
# Of which storefront whoever asks gets keys for a week, at /partner/sandbox/; none: there is no such page.
PARTNER_SANDBOX = env("PARTNER_SANDBOX")
# Where the mini-program runs in a browser, {storefront} being the code of one: drafts are looked at there.
SHOP_ADDRESS = env("SHOP_ADDRESS", "" if PRODUCTION else "/shop/{storefront}/#/pages/home/home")
# Webhooks also to plain http and into our own network: for a laptop and tests, where partners live there.
WEBHOOKS_INSIDE = env("WEBHOOKS_INSIDE") == "1"
ALLOWED_HOSTS = env("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver").split(",")

THROTTLE_FACTOR = int(env("THROTTLE_FACTOR", "1"))  # how much wider every limit is, for a load test

if PRODUCTION:
    check_production(globals())

# Roles: owner migrates, web serves, worker works; each has a URL of its own.
ROLE = env("D2C_ROLE", "web")
DATABASE_URL = env(f"DATABASE_URL_{ROLE.upper()}") or env("DATABASE_URL", "postgresql://127.0.0.1/storefront")
DATABASES = {"default": database(DATABASE_URL)}
if ROLE == "web":
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 4, "timeout": 5}
REDIS_URL = env("REDIS_URL", "redis://127.0.0.1:6379/0")

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "operators.apps.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "import_export",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "django_prometheus",
    "kernel",
    "compliance",
    "storefronts",
    "partners",
    "catalog",
    "customers",
    "shopfront",
    "inventory",
    "orders",
    "payments",
    "logistics",
    "customs",
    "settlement",
    "returns",
    "reviews",
    "reporting",
    "miniprogram_api",
    "partner_api",
    "operators",
    "backend",
]
AUTH_USER_MODEL = "storefronts.Operator"
PASSWORD_HASHERS = [*global_settings.PASSWORD_HASHERS, "partners.hashing.Digest"]
OAUTH2_PROVIDER_APPLICATION_MODEL = "partners.Application"
WAREHOUSE_OF = "backend.whose_warehouse.warehouse_of"  # whose a fact is that partners hear
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The admin carries sessions, CSRF and the rest; API paths pass the lean stack only.
MIDDLEWARE = ["backend.middleware.LeanOrFull"]
FULL_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "operators.entering.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "operators.middleware.own_storefronts",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
# These checks look for the full stack in MIDDLEWARE; it stands in FULL_MIDDLEWARE (backend/middleware.py).
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410", "axes.W002"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    )
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "operators.entering.CodeBackend",
]
SESSION_ENGINE = "storefronts.sessions"
SESSION_COOKIE_AGE = (
    12 * 3600
)  # as long as a session lasts at most; it ends sooner where nobody asks for anything
OPERATOR_IDLE_SECONDS = int(env("OPERATOR_IDLE_SECONDS", "7200"))
OPERATOR_IDLE_MONEY_SECONDS = int(env("OPERATOR_IDLE_MONEY_SECONDS", "1800"))  # roles that give a code
OTP_TOTP_ISSUER = env("OTP_TOTP_ISSUER", "Storefront")  # what an authenticator calls us
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1
AXES_VERBOSE = False  # it greets in the log of every process
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "operators.entering.address_of"
AXES_LOCKOUT_CALLABLE = "operators.entering.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "code"]
# What stays, and why, is told in docs/architecture.md: Alpine evaluates the expressions of unfold's pages,
# and elements carry style attributes. No script and no style sheet stands inline.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src-elem": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "style-src": ["'self'", "'unsafe-inline'"],  # for browsers that do not tell the two apart
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
PERMISSIONS_POLICY = ", ".join(
    f"{one}=()" for one in ("camera", "geolocation", "microphone", "payment", "usb", "serial")
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None

ROOT_URLCONF = "backend.urls"
WSGI_APPLICATION = "backend.wsgi.application"
APPEND_SLASH = False
LOGIN_REDIRECT_URL = "admin:index"  # where a log-in ends whose `next` is refused
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "operators" / "overrides"],  # before the admin's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "zh-hans"
FORMAT_MODULE_PATH = ["operators.formats"]
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"  # the days of the law; instants are stored in UTC
USE_I18N = USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = (
    env("STATIC_ROOT") or None
)  # where collectstatic puts them; a laptop serves them from the packages
WHITENOISE_USE_FINDERS = not PRODUCTION
MEDIA_URL = "/media/"
MEDIA_ROOT = env("MEDIA_ROOT", str(LOCAL / "media"))
AUDIT_HEADS = Path(env("AUDIT_HEADS", str(LOCAL / "audit-heads")))  # the logs' ends, outside the database
# What the backup job touches once a backup was read back: the platform's page tells how old that is.
BACKUP_STAMP = env("BACKUP_STAMP")
SCAN_FOLDERS = [
    LOCAL / "log",
    Path(MEDIA_ROOT),
]  # where `manage.py vault scan` looks beside database and Redis


CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["kernel.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["kernel.rendering.OrjsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "kernel.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Mini-program API · 小程序接口",
    "DESCRIPTION": """What a WeChat mini-program needs to sell across the Chinese border.
跨境电商小程序所需的全部接口。

**Try it · 试一试** (while `make run` runs; the appids stand in `.local/sandbox/world.json`):

1. `curl -s SANDBOX/sandbox/login -d '{"appid": "APPID", "user": "me"}'`, SANDBOX being the address that
   `make run` prints for WeChat's stand-in, gives a code that is good once, as `wx.login` does · 取登录码
2. `POST /api/v1/session` below, with the header `X-Appid: APPID` and the body `{"code": "…"}` · 登录
3. Take `token` from the answer, press **Authorize** and paste it · 填入令牌
4. `PUT /me/consents/{kind}`, `POST /me/addresses`, `PUT /me/identity` (once it is “verified” they may buy)
   · 授权、地址、实名（核验通过后即可下单）
5. `POST /quotes`, `POST /orders` with an `Idempotency-Key`, `POST /orders/{number}/payment` · 报价、下单

**Always · 通用**: send `X-Client-Version: 1.2.3`; a version below the shop's minimum is answered 426
`client_too_old`. While the shop is in maintenance whatever sells is answered 503 `shop_maintenance` with
`Retry-After`; orders that stand, returns and data rights go on. `GET /shop` is always answered.
店铺维护期间停止销售，已有订单、售后与个人信息权利不受影响；`GET /shop` 始终可用。
""",
    "TAGS": [
        {"name": "session", "description": "登录与退出 · Logging in with WeChat, and out"},
        {"name": "shelves", "description": "首页与商品 · Home, categories, brands, products"},
        {"name": "me", "description": "我的 · Profile, phone, addresses, identity, consents"},
        {"name": "rights", "description": "个人信息权利 · What one may ask about one's own data"},
        {"name": "cart", "description": "购物车与优惠券 · Cart and coupons"},
        {"name": "orders", "description": "报价、订单与支付 · Quotes, orders, payment"},
        {"name": "returns", "description": "退换货与售后 · Returns, exchanges, claims"},
        {"name": "reference", "description": "参考资料 · Divisions of China, the risk notice"},
    ],
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "OrderStateEnum": "orders.states.ORDER.states",
        "ShipmentStateEnum": "logistics.states.SHIPMENT.states",
        "ShippingInfoStateEnum": "logistics.states.SHIPPING_INFO.states",
        "TrackingCodeEnum": "miniprogram_api.parcels.CODES",
        "PaymentStateEnum": "payments.states.PAYMENT.states",
        "RefundStateEnum": "payments.states.REFUND.states",
        "BillStateEnum": "payments.states.BILL.states",
        "ComplaintStateEnum": "payments.states.COMPLAINT.states",
        "DeclarationStateEnum": "payments.states.DECLARATION.states",
        "PayerStateEnum": "compliance.states.PAYER.states",
        "NamingStateEnum": "customers.states.NAMING.states",
        "ClaimStateEnum": "miniprogram_api.coupons.CLAIM_STATES",
        "IdentityStateEnum": "miniprogram_api.me.IDENTITY_STATES",
        "JobStateEnum": "kernel.models.Job.State",
        "BucketEnum": "compliance.models.AllowanceEntry.Bucket",
        "ReturnStateEnum": "returns.states.RETURN.states",
        "ReturnKindEnum": "miniprogram_api.return_requests.KIND_NAMES",
        "ExclusionGroundEnum": "compliance.notice.GROUNDS",
        "HiddenGroundEnum": "miniprogram_api.reviews.GROUNDS",
        "ReviewStateEnum": "reviews.states.WORDS.states",
        "OrderStageEnum": "logistics.stages.STAGES",
        "ClearanceStateEnum": "customs.told.STATES",
        "RemedyKindEnum": "miniprogram_api.ways_out.KINDS",
        "TradeModeEnum": ["1210", "9610", "1239"],
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # A web request that wakes a worker tries once: without Redis, beat's next second does as well.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
CELERY_BEAT_SCHEDULE = SCHEDULE


LOGGING_CONFIG = None
from backend.logs import configure as _configure_logs  # noqa: E402  (structlog is set up once, here)

_configure_logs()

if env("SENTRY_DSN"):
    from backend import faults

    faults.start(env("SENTRY_DSN"))
