"""FaceID's IdCardVerification: do a name and an identity number belong together, as the vendor answers it."""

from sandbox.scene import Scene
from sandbox.switches import Switch
from sandbox.wire import Json, TencentFault

# https://cloud.tencent.com/document/api/1007/33188
DESCRIPTIONS = {
    "0": "姓名和身份证号一致",
    "-1": "姓名和身份证号不一致",
    "-2": "非法身份证号（长度、校验位等不正确）",
    "-3": "非法姓名（长度、格式等不正确）",
    "-4": "证件库服务异常",
    "-5": "证件库中无此身份证记录",
    "-6": "权威比对系统升级中，请稍后再试",
    "-7": "认证次数超过当日限制",
}


def verify(scene: Scene, told: Json, switch: Switch | None) -> Json:
    """IdCardVerification {IdCard, Name}; the switch `result` answers with its code instead."""
    for field in ("IdCard", "Name"):
        if field not in told:
            raise TencentFault("MissingParameter", f"The request is missing the parameter `{field}`.")
        if not isinstance(told[field], str):
            raise TencentFault("InvalidParameter", f"`{field}` is to be a string.")
    forced = switch is not None and switch.mode == "result"
    result = str(switch.code) if switch and forced else scene.registry.result(told["IdCard"], told["Name"])
    return {"Result": result, "Description": DESCRIPTIONS[result]}
