// Third-party scripts, each run once, whoever asks first.
const loading = new Map();

export function loadScript(url) {
  const address = new URL(url, document.baseURI).href;
  if (!loading.has(address)) {
    loading.set(address, new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = address;
      script.onload = resolve;
      script.onerror = () => {
        // Asked again, it is tried again: the server may have been starting.
        loading.delete(address);
        script.remove();
        reject(new Error(`The script ${address} could not be loaded.`));
      };
      document.head.append(script);
    }));
  }
  return loading.get(address);
}
