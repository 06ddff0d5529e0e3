"""Tencent Cloud FaceID (腾讯云人脸核身): name and identity number against the authority's records."""
