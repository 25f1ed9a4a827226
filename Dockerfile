# The dashboard in a container, computing on the processor:
#   docker build -t rrodashboard .
#   docker run --rm -p 127.0.0.1:5080:8080 -v rro-data:/data rrodashboard
# It prints a one-time sign-in link; open it with port 5080. Publish the port to loopback only, as above, or behind a web server that
# speaks https: passwords would go over plain http, so the server has to be told with --unsafe-plain-http that listening on all
# addresses of the container is meant. Another link: docker exec CONTAINER dotnet RroDashboard.Web.dll link
#
# With an NVIDIA GPU: --build-arg LIBTORCH_URL=... names a zip of libtorch with CUDA (https://pytorch.org, "LibTorch", "C++"), and
# `docker run --gpus all` gives the container the device.
#
# The images of .NET 10 are Ubuntu's only; what the tests compute with is Debian's libtorch (tests/debian13.sh). So .NET is copied onto Debian 13.
ARG DOTNET=10.0
ARG DEBIAN=trixie-slim

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS sdk
FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET} AS aspnet

FROM debian:${DEBIAN} AS build
ARG LIBTORCH_URL=""
ENV PATH=$PATH:/usr/share/dotnet \
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
    DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    DOTNET_NOLOGO=1
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates g++ nodejs npm unzip curl \
 && if [ -z "$LIBTORCH_URL" ]; then apt-get install -y --no-install-recommends libtorch-dev libopenblas0-pthread; \
    else curl -fsSL "$LIBTORCH_URL" -o /tmp/libtorch.zip && unzip -q /tmp/libtorch.zip -d /opt && rm /tmp/libtorch.zip; fi \
 && mkdir -p /opt/libtorch \
 && rm -rf /var/lib/apt/lists/*
COPY --from=sdk /usr/share/dotnet /usr/share/dotnet
WORKDIR /source
# Projects first: restore is cached until one of them changes. The rules of the analysers stand in .editorconfig, and warnings are errors.
COPY .editorconfig RroDashboard.sln ./
COPY src/Directory.Build.props src/Directory.Packages.props src/BannedSymbols.txt src/
COPY src/TorchSharp/*.csproj src/TorchSharp/packages.lock.json src/TorchSharp/
COPY src/RroDashboard.Core/*.csproj src/RroDashboard.Core/packages.lock.json src/RroDashboard.Core/
COPY src/RroDashboard.Environments/*.csproj src/RroDashboard.Environments/packages.lock.json src/RroDashboard.Environments/
COPY src/RroDashboard.Training/*.csproj src/RroDashboard.Training/packages.lock.json src/RroDashboard.Training/
COPY src/RroDashboard.Data/*.csproj src/RroDashboard.Data/packages.lock.json src/RroDashboard.Data/
COPY src/RroDashboard.Web/*.csproj src/RroDashboard.Web/packages.lock.json src/RroDashboard.Web/
COPY src/browser-files/ src/browser-files/
RUN dotnet restore src/RroDashboard.Web/RroDashboard.Web.csproj
COPY src/ src/
COPY wwwroot/ wwwroot/
RUN if [ -n "$LIBTORCH_URL" ]; then export LIBTORCH=/opt/libtorch; fi; \
    dotnet publish src/RroDashboard.Web/RroDashboard.Web.csproj -c Release -o /app

FROM debian:${DEBIAN} AS run
ARG LIBTORCH_URL=""
# Without headers here; the health check needs curl. The user has the number that .NET's own images give it.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates curl \
 && if [ -z "$LIBTORCH_URL" ]; then apt-get install -y --no-install-recommends libtorch2.6 libopenblas0-pthread; fi \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1654 --user-group --create-home app \
 && mkdir -p /data && chown app /data && chmod 700 /data
COPY --from=aspnet /usr/share/dotnet /usr/share/dotnet
COPY --from=build /opt/libtorch /opt/libtorch
COPY --from=build /app /app
ENV PATH=$PATH:/usr/share/dotnet \
    LIBTORCH=${LIBTORCH_URL:+/opt/libtorch} \
    LD_LIBRARY_PATH=${LIBTORCH_URL:+/opt/libtorch/lib} \
    DOTNET_gcServer=0 \
    XDG_DATA_HOME=/data \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
WORKDIR /app
USER app
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD curl -fsS http://127.0.0.1:8080/health/live || exit 1
ENTRYPOINT ["dotnet", "RroDashboard.Web.dll"]
CMD ["serve", "--url", "http://0.0.0.0:8080", "--unsafe-plain-http"]
