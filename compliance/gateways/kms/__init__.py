"""Tencent Cloud KMS (腾讯云密钥管理系统): opens the vault's master keys, and none of ours ever lies there."""
