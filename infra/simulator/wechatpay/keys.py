"""Changing the channel's key: the new one signs in turn with those before it, as long as anybody looks."""

from collections.abc import Mapping

from infra.simulator.wechatpay.faults import Fate, Faults
from infra.simulator.wechatpay.protocol import Seal
from infra.simulator.wechatpay.signers import Signers
from infra.wechatpay.credentials import Platform, add_platform_key, load_platform

KEYS_MAX = 5  # of one merchant, if only the dice ask for more


class Keys:
    """The channel's keys towards each merchant, by mchid."""

    def __init__(
        self,
        platforms: Mapping[str, Platform],
        seals: Mapping[str, Seal],
        signers: Signers,
        faults: Faults,
    ) -> None:
        self._platforms = platforms
        self._seals = seals
        self._signers = signers
        self._faults = faults

    async def change(self, fate: Fate, mchid: str) -> None:
        """Make another key, if this call wants it."""
        if not fate.wants("key_rotation"):
            return
        by_hand = fate.wanted["key_rotation"] is not None
        if by_hand or self._seals[mchid].keys < KEYS_MAX:
            await self._faults.fire(fate, "key_rotation")
            await self.add(mchid)

    async def add(self, mchid: str) -> str:
        """Make another key; returns its id. The merchant's directory has the public half already."""
        directory = self._platforms[mchid].directory
        key_id = await self._signers.run(add_platform_key, directory)
        self._seals[mchid].adopt(load_platform(directory))
        return key_id
