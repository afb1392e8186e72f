"""Django's settings, all from the environment; `docs/settings.md` is the table of them.

A setting exists because somebody who runs an installation needs it; everything else is code.
"""

import os

from django.utils.translation import gettext_lazy as _

from tinhso.shell.settings import environment

PROJECT_FOLDER = environment.project_folder()
TINHSO_HOME = environment.home_folder()
TINHSO_CATALOG = environment.catalog_folder()
TINHSO_PORT = environment.number("TINHSO_PORT", 8000)
TINHSO_DEMO = environment.flag("TINHSO_DEMO")
TINHSO_PUBLIC_URL = os.environ.get("TINHSO_PUBLIC_URL", f"http://127.0.0.1:{TINHSO_PORT}").rstrip("/")
TINHSO_ROOT_UNIT = os.environ.get("TINHSO_ROOT_UNIT", "H19")
TINHSO_TILES = os.environ.get("TINHSO_TILES", "")
TINHSO_SMS_URL = os.environ.get("TINHSO_SMS_URL", "")
TINHSO_REPORT_RATE = os.environ.get("TINHSO_REPORT_RATE", "30/m")
TINHSO_API_RATE = os.environ.get("TINHSO_API_RATE", "600/m")
WEB_THREADS = environment.number("TINHSO_WEB_THREADS", 8)

SECRET_KEY = environment.secret("secret_key", TINHSO_HOME)
JOURNAL_DIGEST_KEY = environment.secret("digest_key", TINHSO_HOME)
DEBUG = environment.flag("TINHSO_DEBUG")
ALLOWED_HOSTS = os.environ.get("TINHSO_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [TINHSO_PUBLIC_URL]
SECURE_COOKIES = TINHSO_PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds, of staff; residents stay for `people.views.RESIDENT_SESSION`
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_COOKIES else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "tinhso.kernel.units",
    "tinhso.kernel.people",
    "tinhso.kernel.journal",
    "tinhso.kernel.files",
    "tinhso.kernel.notices",
    "tinhso.kernel.cases",
    "tinhso.kernel.measures",
    "tinhso.systems.reports",
    "tinhso.systems.ioc",
    "tinhso.shell.web",
    "allauth",  # after people, whose templates take the place of its own
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "tinhso.shell.web.middleware.SafetyHeaders",
    "tinhso.shell.web.middleware.ClientAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tinhso.shell.web.middleware.CompressText",
    "tinhso.shell.api.middleware.Problems",
    "tinhso.shell.web.middleware.BodyLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tinhso.shell.web.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tinhso.kernel.people.middleware.SecondFactor",
]

ROOT_URLCONF = "tinhso.shell.web.urls"
WSGI_APPLICATION = "tinhso.shell.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tinhso.shell.web.context.page",
            ],
            "builtins": ["tinhso.shell.web.templatetags.tinhso"],
        },
    }
]

_ADDRESS = environment.database_address()
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _ADDRESS.name,
        "USER": _ADDRESS.user,
        "PASSWORD": _ADDRESS.password,
        "HOST": _ADDRESS.host,
        "PORT": _ADDRESS.port,
        "OPTIONS": {
            **_ADDRESS.options,
            "pool": {"min_size": 1, "max_size": WEB_THREADS + 2, "timeout": 10},
        },
        # A connection that died with its server is found before a request uses it, not by a failed request.
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": f"test_{_ADDRESS.name}"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Rate limits live here: with Django's 300 entries a flood of addresses would push them out.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/desk/"
SIGN_IN_CODE_SENDER = "tinhso.kernel.notices.sign_in.tell_code"

ALLAUTH_TRUSTED_PROXY_COUNT = environment.number("TINHSO_PROXIES", 0)
ACCOUNT_ADAPTER = "tinhso.kernel.people.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # there is no sign-up; allauth wants to know what it would ask
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE, without asking
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_FORMS = {
    "login": "tinhso.kernel.people.forms.PasswordSignInForm",
    "reauthenticate": "tinhso.kernel.people.forms.PasswordAgainForm",
    "change_password": "tinhso.kernel.people.forms.ChangePasswordForm",
}
# Counted in each process. Mobile operators put many residents behind one address: the limits by address are wide.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "30/m/ip,5/5m/key",
    "sign_in_code": "60/m/ip,2/m/key,5/h/key,10/d/key",
    "sign_in_guess": "60/m/ip,30/h/key",
}
MFA_ADAPTER = "tinhso.kernel.people.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # mail addresses prove nothing here
MFA_TOTP_ISSUER = "Tinhso"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds before and after, for clocks that are a little off
MFA_FORMS = {
    "authenticate": "tinhso.kernel.people.forms.SecondFactorForm",
    "reauthenticate": "tinhso.kernel.people.forms.SecondFactorAgainForm",
    "activate_totp": "tinhso.kernel.people.forms.SetUpForm",
}

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", _("Vietnamese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "tinhso_language"
LOCALE_PATHS = [PROJECT_FOLDER / "src" / "tinhso" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = PROJECT_FOLDER / "build" / "static"
STATICFILES_DIRS = [PROJECT_FOLDER / "build" / "assets"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

BODY_LIMIT = 32 * 1024 * 1024  # bytes; a form with its photos
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of a body without its files
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

EMAIL_HOST = os.environ.get("TINHSO_SMTP_HOST", "")
EMAIL_PORT = environment.number("TINHSO_SMTP_PORT", 587)
EMAIL_HOST_USER = os.environ.get("TINHSO_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("TINHSO_SMTP_PASSWORD", "")
EMAIL_USE_TLS = environment.flag("TINHSO_SMTP_TLS", default=True)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = os.environ.get("TINHSO_MAIL_FROM", "tinhso@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "tinhso.shell.settings.redaction.DiscreetFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"tinhso": {"level": "INFO"}},
}
